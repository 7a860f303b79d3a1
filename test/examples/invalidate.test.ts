import { describe, expect, it } from "vitest";
import { example } from "./support.ts";

const json = (method: string, body: unknown): RequestInit => ({
  method,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

describe("the example fastify/invalidate", () => {
  const ask = example("fastify/invalidate");

  it("answers a changed user anew, and only that one", async () => {
    const created = await ask("/users", json("POST", { name: "Grace" }));
    const seen = [await ask("/users/1"), await ask("/users/1"), await ask("/users/2")];
    const patched = await ask("/users/1", json("PATCH", { name: "Augusta" }));
    const again = [await ask("/users/1"), await ask("/users/1"), await ask("/users/2")];

    expect([created.status, patched.status]).toEqual([201, 200]);
    expect(seen.map((answer) => answer.cache)).toEqual(["MISS", "HIT", "MISS"]);
    expect(again.map((answer) => [answer.cache, (JSON.parse(answer.body) as { name: string }).name])).toEqual(
      [
        ["MISS", "Augusta"],
        ["HIT", "Augusta"],
        ["HIT", "Grace"],
      ],
    );
  });

  it("does not store that there is no such user", async () => {
    const answers = [await ask("/users/99"), await ask("/users/99")];

    expect(answers.map((answer) => [answer.status, answer.cache])).toEqual([
      [404, "MISS"],
      [404, "MISS"],
    ]);
  });
});

describe.each(["fastify/simple", "express/simple", "fetch/simple"])("the example %s", (name) => {
  const ask = example(name);

  it("answers a miss, then a hit", async () => {
    const answers = [await ask("/"), await ask("/")];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT"]);
    expect(answers[1]?.body).toBe(answers[0]?.body);
  });
});
