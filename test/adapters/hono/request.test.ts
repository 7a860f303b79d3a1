import { Hono } from "hono";
import { stream } from "hono/streaming";
import { validator } from "hono/validator";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cacheRoute } from "../../../src/adapters/hono.ts";
import { ask, heldCache } from "./support.ts";

describe("the request that a Hono handler sees on a miss", () => {
  it("lacks undeclared parameters and conditions, also for who reads it late", async () => {
    const seen: unknown[] = [];
    const app = new Hono();
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60, query: ["a"] }), (c) =>
      stream(c, async (out) => {
        await new Promise(setImmediate);
        seen.push(c.req.query(), c.req.header("if-none-match"));
        await out.write("late");
      }),
    );

    const { text } = await ask(app, "/?a=1&b=2", { headers: { "if-none-match": '"v1"' } });

    expect([text, seen]).toEqual(["late", [{ a: "1" }, undefined]]);
  });

  it("has no undeclared parameter in what a validator in front has made of the query", async () => {
    const app = new Hono();
    app.get(
      "/",
      validator("query", (query) => query),
      cacheRoute(heldCache().cache, { ttl: 60, query: ["a"] }),
      (c) => c.json(c.req.valid("query")),
    );

    const [miss, hit] = [await ask(app, "/?a=1&b=2"), await ask(app, "/?a=1&b=3")];

    expect([miss.text, hit.cache, hit.text]).toEqual(['{"a":"1"}', "HIT", '{"a":"1"}']);
  });

  it("has the parameters of a schema, whose defaults enter the key", async () => {
    const query = z.object({ a: z.string(), b: z.string().default("b") });
    const app = new Hono();
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60, query }), (c) =>
      c.json(query.parse(c.req.query())),
    );

    const answers = [await ask(app, "/?a=1"), await ask(app, "/?b=b&a=1&c=3"), await ask(app, "/?a=1&b=2")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", '{"a":"1","b":"b"}'],
      ["HIT", '{"a":"1","b":"b"}'],
      ["MISS", '{"a":"1","b":"2"}'],
    ]);
  });

  it("still has content that a validator in front has read, and that is in the key", async () => {
    const app = new Hono();
    app.post(
      "/",
      validator("json", (value) => value as { readonly id: number }),
      cacheRoute(heldCache().cache, { ttl: 60, methods: ["POST"] }),
      async (c) => c.json([c.req.valid("json"), await c.req.json()]),
    );
    const post = (id: number): RequestInit => ({
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id }),
    });

    const answers = [
      await ask(app, "/", post(1)),
      await ask(app, "/", post(1)),
      await ask(app, "/", post(2)),
    ];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", '[{"id":1},{"id":1}]'],
      ["HIT", '[{"id":1},{"id":1}]'],
      ["MISS", '[{"id":2},{"id":2}]'],
    ]);
  });

  it("is not looked up if a guard has read its content as a form, whose bytes are unknown", async () => {
    const { cache } = heldCache();
    const app = new Hono();
    let runs = 0;
    app.post(
      "/",
      async (c, next) => {
        await c.req.formData();
        await next();
      },
      cacheRoute(cache, { ttl: 60, methods: ["POST"] }),
      (c) => c.text(`run ${++runs}`),
    );
    const post = (): RequestInit => ({ method: "POST", body: new URLSearchParams({ id: "1" }) });

    const answers = [await ask(app, "/", post()), await ask(app, "/", post())];

    expect(answers.map(({ text }) => text)).toEqual(["run 1", "run 2"]);
    expect(cache.stats().stored).toBe(0);
  });
});

describe("a Hono context in the functions of a route", () => {
  it("has the variables that guards have set, and the parameters of the path", async () => {
    const { cache } = heldCache();
    const app = new Hono<{ Variables: { user: string } }>();
    app.use(async (c, next) => {
      c.set("user", c.req.header("x-user") ?? "");
      await next();
    });
    let runs = 0;
    app.get(
      "/reports/:id",
      cacheRoute(cache, {
        ttl: 60,
        scope: (c) => c.get("user"),
        tags: (c) => [`report:${c.req.param("id")}`],
      }),
      (c) => c.text(`run ${++runs}`),
    );
    const as = (user: string): Promise<{ text: string }> =>
      ask(app, "/reports/7", { headers: { "x-user": user } });

    const before = [await as("ann"), await as("bob"), await as("ann")];
    await cache.invalidate({ tag: "report:7" });
    const after = await as("ann");

    expect(before.map(({ text }) => text)).toEqual(["run 1", "run 2", "run 1"]);
    expect(after.text).toBe("run 3");
  });
});
