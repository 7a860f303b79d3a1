import { Hono } from "hono";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { describe, expect, it, vi } from "vitest";
import { cacheRoute } from "../../../src/adapters/hono.ts";
import type { CacheRouteOptions } from "../../../src/adapters/hono.ts";
import { ask, heldCache } from "./support.ts";
import type { HeldCache } from "./support.ts";

const STALE: CacheRouteOptions = { ttl: 10, staleWhileRevalidate: 60 };

/** Asks for a path, which is stored, and again once that is stale. Returns the stale text. */
async function goStale(app: Hono, path: string, { clock }: HeldCache): Promise<string> {
  await ask(app, path);
  clock.advance(10);
  return (await ask(app, path)).text;
}

const stored = (held: HeldCache, count: number): Promise<void> =>
  vi.waitFor(() => expect(held.cache.stats().stored).toBe(count));

const failed = (held: HeldCache): Promise<void> =>
  vi.waitFor(() => expect(held.cache.stats().refusals.failed).toBe(1));

describe("a refresh of a Hono route", () => {
  it("passes the guards and the routers that its client's request has passed, with the same parameters", async () => {
    const held = heldCache();
    const guarded: string[] = [];
    const inner = new Hono();
    inner.use(async (c, next) => {
      guarded.push(`inner ${c.req.method}`);
      await next();
    });
    let runs = 0;
    inner.get("/:id", cacheRoute(held.cache, STALE), (c) => c.text(`${c.req.param("id")} ${++runs}`));
    const app = new Hono();
    app.use(async (c, next) => {
      guarded.push(`outer ${c.req.param("team")}`);
      await next();
    });
    app.route("/teams/:team", inner);

    const stale = await goStale(app, "/teams/1/a%2Fb", held);
    await stored(held, 2);

    expect([stale, (await ask(app, "/teams/1/a%2Fb")).text]).toEqual(["a/b 1", "a/b 2"]);
    expect(guarded.slice(4, 6)).toEqual([expect.stringMatching(/^outer/), "inner GET"]);
  });

  it("holds where the application finds the path in its own way", async () => {
    const held = heldCache();
    let runs = 0;
    const app = new Hono({ getPath: (request) => `/site${new URL(request.url).pathname}` });
    app.get("/site/a", cacheRoute(held.cache, STALE), (c) => c.text(`run ${++runs}`));

    await goStale(app, "/a", held);
    await stored(held, 2);

    expect((await ask(app, "/a")).text).toBe("run 2");
  });

  it("that a guard refuses keeps what is stored, and one that throws is reported", async () => {
    const held = heldCache();
    const error = new Error("the guard fails, as it was told to");
    let asked = 0;
    const app = new Hono();
    app.use(async (_c, next) => {
      if (++asked === 3) throw error;
      await next();
    });
    let runs = 0;
    app.get("/", cacheRoute(held.cache, STALE), (c) => c.text(`run ${++runs}`));

    await goStale(app, "/", held);
    await failed(held);

    expect([runs, held.errors]).toEqual([1, [error]]);
    expect((await ask(app, "/")).text).toBe("run 1");
  });

  it("cannot be forged: a request that repeats its fields is looked up", async () => {
    const held = heldCache();
    const seen: Headers[] = [];
    const app = new Hono();
    app.get("/", cacheRoute(held.cache, STALE), (c) => {
      seen.push(new Headers(c.req.raw.headers));
      return c.text(`run ${seen.length}`);
    });
    await goStale(app, "/", held);
    await stored(held, 2);

    const again = await ask(app, "/", { headers: seen[1]! });

    expect([again.cache, again.text]).toEqual(["HIT", "run 2"]);
  });

  it("does not store a page of notFound that is not the application's, and reports why", async () => {
    const held = heldCache();
    let runs = 0;
    const app = new Hono();
    app.notFound((c) => c.text("the application's page", 404));
    app.get("/", cacheRoute(held.cache, { ...STALE, statuses: { 200: 10, 404: 10 } }), (c) =>
      ++runs === 1 ? c.text("run 1") : c.notFound(),
    );

    await goStale(app, "/", held);
    await failed(held);

    expect(held.errors).toEqual([expect.objectContaining({ message: expect.stringContaining("{ app }") })]);
    expect((await ask(app, "/")).text).toBe("run 1");
  });

  it("stores what the application's notFound responds if it is given the application", async () => {
    const held = heldCache();
    let runs = 0;
    const app = new Hono();
    app.notFound((c) => c.text("the application's page", 404));
    app.get("/", cacheRoute(held.cache, { ...STALE, statuses: { 200: 10, 404: 10 }, app }), (c) =>
      ++runs === 1 ? c.text("run 1") : c.notFound(),
    );

    await goStale(app, "/", held);
    await stored(held, 2);

    expect((await ask(app, "/")).text).toBe("the application's page");
  });

  it("calls the application's onError once for an error, if it is given the application", async () => {
    const held = heldCache();
    const told: string[] = [];
    let runs = 0;
    const app = new Hono();
    app.onError((error, c) => {
      told.push(error.message);
      return c.text("the application's page", 404);
    });
    app.get("/", cacheRoute(held.cache, { ...STALE, statuses: { 200: 10, 404: 10 }, app }), (c) => {
      if (++runs > 1) throw new HTTPException(404, { message: "gone" });
      return c.text("run 1");
    });

    await goStale(app, "/", held);
    await stored(held, 2);

    expect([told, (await ask(app, "/")).text]).toEqual([["gone"], "the application's page"]);
  });

  it("that fails tells the given application's onError once, and keeps what is stored", async () => {
    const held = heldCache();
    const error = new Error("the handler fails, as it was told to");
    const told: unknown[] = [];
    let runs = 0;
    const app = new Hono();
    app.onError((thrown, c) => {
      told.push(thrown);
      return c.text("page", 500);
    });
    app.get("/", cacheRoute(held.cache, { ...STALE, app }), (c) => {
      if (++runs > 1) throw error;
      return c.text("run 1");
    });

    await goStale(app, "/", held);
    await failed(held);
    await new Promise(setImmediate);

    expect([told, held.errors]).toEqual([[error], [error]]);
    expect((await ask(app, "/")).text).toBe("run 1");
  });

  it("lets no cache of another kind in front keep what it returns, which has no content", async () => {
    const held = heldCache();
    const passed: (string | null)[] = [];
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      passed.push(c.res.headers.get("cache-control"));
    });
    app.get("/a", cacheRoute(held.cache, STALE), (c) => c.text("a"));

    await goStale(app, "/a", held);
    await stored(held, 2);

    await vi.waitFor(() => expect(passed.at(2)).toBe("no-store"));
  });

  it("passes another cache in front, which stores nothing of it", async () => {
    const [held, front] = [heldCache(), heldCache()];
    let runs = 0;
    const app = new Hono();
    const outer = cacheRoute(front.cache, { ttl: 600, vary: ["x-try"] });
    app.get("/a", outer, cacheRoute(held.cache, STALE), (c) => c.text(`run ${++runs}`));
    const askAs = (name: string): ReturnType<typeof ask> => ask(app, "/a", { headers: { "x-try": name } });

    await askAs("one");
    held.clock.advance(10);
    const stale = await askAs("two");
    await stored(held, 2);

    expect([stale.text, (await askAs("three")).text, runs]).toEqual(["run 1", "run 2", 2]);
    expect(front.cache.stats().stored).toBe(3);
  });

  it("passes middleware in front that reads the response, which is none of the stored content", async () => {
    const held = heldCache();
    const told: unknown[] = [];
    let runs = 0;
    const app = new Hono();
    app.onError((error, c) => {
      told.push(error);
      return c.text("page", 500);
    });
    app.use(compress({ threshold: 0 }), etag());
    app.get("/", cacheRoute(held.cache, { ...STALE, app }), (c) => c.text(`run ${++runs}`));

    await goStale(app, "/", held);
    await stored(held, 2);
    await new Promise(setImmediate);

    expect([told, (await ask(app, "/")).text]).toEqual([[], "run 2"]);
  });

  it("stores none of the fields that its own middleware in front has set", async () => {
    const held = heldCache();
    let request = 0;
    let runs = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      c.header("x-request", `${++request}`);
      await next();
    });
    app.get("/", cacheRoute(held.cache, { ...STALE, key: () => "one" }), (c) => c.text(`run ${++runs}`));

    await goStale(app, "/", held);
    await stored(held, 2);

    const { fields = [] } = (await held.cache.get("one")) ?? {};
    expect(fields.map(([name]) => name)).not.toContain("x-request");
  });

  it("is awaited by a runtime that can, and is given its environment", async () => {
    const held = heldCache();
    const waitedFor: Promise<unknown>[] = [];
    const seen: unknown[] = [];
    const app = new Hono<{ Bindings: { name: string } }>();
    app.get("/", cacheRoute(held.cache, STALE), (c) => {
      seen.push(c.env.name);
      return c.text(`run ${seen.length}`);
    });
    const context = {
      waitUntil: (promise: Promise<unknown>) => void waitedFor.push(promise),
      passThroughOnException: () => undefined,
      props: {},
    };
    const send = async (): Promise<string> => (await app.request("/", {}, { name: "env" }, context)).text();
    await send();
    held.clock.advance(10);

    const stale = await send();
    await Promise.all(waitedFor);

    expect([stale, waitedFor.length, seen, held.cache.stats().stored]).toEqual([
      "run 1",
      1,
      ["env", "env"],
      2,
    ]);
  });
});
