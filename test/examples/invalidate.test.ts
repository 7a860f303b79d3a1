import { describe, expect, it } from "vitest";
import { example } from "./support.ts";

const json = (method: string, body: unknown): RequestInit => ({
  method,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

describe.each([
  "fastify/invalidate",
  "express/invalidate",
  "fetch/invalidate",
  "hono/invalidate",
  "koa/invalidate",
  "h3/invalidate",
  "nestjs/invalidate",
])("the example %s", (name) => {
  const ask = example(name);

  it("sends a renamed user's new name, and lets the others be", async () => {
    const created = await ask("/users", json("POST", { name: "Ada" }));
    await ask("/users/", json("POST", { name: "Grace" }));
    const seen = [await ask("/users/1"), await ask("/users/1"), await ask("/users/2")];
    const patched = await ask("/users/1", json("PATCH", { name: "Augusta" }));
    const again = [await ask("/users/1"), await ask("/users/1"), await ask("/users/2")];

    expect([created.status, created.body]).toEqual([201, '{"id":1,"name":"Ada"}']);
    expect([patched.status, patched.body]).toEqual([200, '{"id":1,"name":"Augusta"}']);
    expect(seen.map((answer) => answer.cache)).toEqual(["MISS", "HIT", "MISS"]);
    expect(again.map((answer) => [answer.cache, (JSON.parse(answer.body) as { name: string }).name])).toEqual(
      [
        ["MISS", "Augusta"],
        ["HIT", "Augusta"],
        ["HIT", "Grace"],
      ],
    );
  });

  it("refuses a user without a name", async () => {
    const answers = [await ask("/users", json("POST", {})), await ask("/users/1", json("PATCH", {}))];

    expect(answers.every(({ status }) => status === 400 || status === 422)).toBe(true);
  });

  it("does not store that there is no such user", async () => {
    const answers = [await ask("/users/99"), await ask("/users/99")];
    const renamed = await ask("/users/99", json("PATCH", { name: "Nobody" }));

    expect(renamed.status).toBe(404);

    expect(answers.map((answer) => [answer.status, answer.cache])).toEqual([
      [404, "MISS"],
      [404, "MISS"],
    ]);
  });
});

describe.each([
  "fastify/simple",
  "express/simple",
  "fetch/simple",
  "hono/simple",
  "koa/simple",
  "h3/simple",
  "nestjs/simple",
])("the example %s", (name) => {
  const ask = example(name);

  it("answers a miss, then a hit", async () => {
    const answers = [await ask("/"), await ask("/")];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT"]);
    expect(answers[1]?.body).toBe(answers[0]?.body);
  });
});
