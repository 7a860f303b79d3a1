import { describe, expect, it } from "vitest";
import { example } from "./support.ts";

const withKey = { headers: { "x-key": "any" } };

describe.each(["fastify/complex", "express/complex", "fetch/complex"])("the example %s", (name) => {
  const ask = example(name);

  it("leaves a plain route alone", async () => {
    const answers = [await ask("/not-cached"), await ask("/not-cached")];

    expect(answers.map((answer) => [answer.status, answer.cache])).toEqual([
      [200, null],
      [200, null],
    ]);
  });

  it("answers a miss, then a hit with the same bytes and tag", async () => {
    const miss = await ask("/cached");
    const hit = await ask("/cached");

    expect([miss.cache, hit.cache]).toEqual(["MISS", "HIT"]);
    expect(hit.body).toBe(miss.body);
    expect(hit.headers.get("etag")).toBe(miss.headers.get("etag"));
  });

  it("refuses who has no key, before the stream is stored and after, and streams it to who has one", async () => {
    const before = await ask("/stream-cached");
    const miss = await ask("/stream-cached", withKey);
    const hit = await ask("/stream-cached", withKey);
    const after = await ask("/stream-cached");

    expect([before.status, after.status]).toEqual([401, 401]);
    expect([miss.cache, hit.cache]).toEqual(["MISS", "HIT"]);
    expect(hit.body).toBe(miss.body);
    expect(miss.body.trim().split("\n")).toHaveLength(20);
  });

  it("answers a known tag by 304 in each of its forms, and an unknown one whole", async () => {
    const made = (await ask("/query?a=tag")).headers.get("etag") ?? "";
    // Express gives its JSON a weak tag of its own, which is kept.
    const tag = made.replace("W/", "");
    const given = [made, `W/${tag}`, `"x", ${tag}`, "*", '"x"'];

    const answers = await Promise.all(
      given.map((value) => ask("/query?a=tag", { headers: { "if-none-match": value } })),
    );

    expect(answers.map((answer) => answer.status)).toEqual([304, 304, 304, 304, 200]);
    expect(answers.map((answer) => answer.body === "")).toEqual([true, true, true, true, false]);
  });

  it("knows one entry for two orders of the query, and for a default that is left out", async () => {
    const answers = [
      await ask("/query?a=a&b=b"),
      await ask("/query?b=b&a=a"),
      await ask("/query?a=a"),
      await ask("/query?a=a&b=c"),
    ];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT", "HIT", "MISS"]);
    expect(answers.map((answer) => JSON.parse(answer.body) as unknown)).toEqual([
      { a: "a", b: "b" },
      { a: "a", b: "b" },
      { a: "a", b: "b" },
      { a: "a", b: "c" },
    ]);
  });

  it("stores no 404", async () => {
    const answers = [await ask("/404"), await ask("/404")];

    expect(answers.map((answer) => [answer.status, answer.cache])).toEqual([
      [404, "MISS"],
      [404, "MISS"],
    ]);
  });
});
