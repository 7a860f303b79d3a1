import { describe, expect, it } from "vitest";
import { example } from "./support.ts";

const withKey = { headers: { "x-key": "any" } };

describe.each([
  "fastify/complex",
  "express/complex",
  "fetch/complex",
  "hono/complex",
  "koa/complex",
  "h3/complex",
  "nestjs/complex",
])("the example %s", (name) => {
  const ask = example(name);

  it("leaves a plain route alone", async () => {
    const refused = await ask("/not-cached");
    const answers = [await ask("/not-cached", withKey), await ask("/not-cached", withKey)];

    expect([refused.status, refused.cache]).toEqual([401, null]);
    expect(answers.map(({ status, cache, body }) => [status, cache, body])).toEqual([
      [200, null, "Hello, World!"],
      [200, null, "Hello, World!"],
    ]);
  });

  it.each(["/cached", "/stream-cached"])(
    "sends %s as text, first a miss, then a hit with the same tag",
    async (path) => {
      const answers = [await ask(path, withKey), await ask(path, withKey)];

      expect(answers.map(({ status, cache, body }) => [status, cache, body])).toEqual([
        [200, "MISS", "Hello, World!"],
        [200, "HIT", "Hello, World!"],
      ]);
      const [miss, hit] = answers.map(({ headers }) => headers);
      expect(miss?.get("content-type")).toMatch(/^text\/plain/);
      expect(miss?.get("content-length")).toBe("13");
      expect(hit?.get("content-type")).toBe(miss?.get("content-type"));
      expect(hit?.get("etag")).toMatch(/^(?:W\/)?"/);
    },
  );

  it.each(["/cached", "/stream-cached"])("refuses to send %s to who has no key", async (path) => {
    const fresh = `${path}?fresh`;
    const before = await ask(fresh);
    const stored = await ask(fresh, withKey);
    const headers = { "if-none-match": stored.headers.get("etag") ?? "*" };
    const after = [
      await ask(fresh),
      await ask(fresh, { headers }),
      await ask(fresh, { headers: { "x-key": "" } }),
    ];
    const known = await ask(fresh, { headers: { ...headers, ...withKey.headers } });

    const refused = [before, ...after].map(({ status, cache }) => `${status} ${cache}`);
    expect(new Set(refused)).toEqual(new Set(["401 null"]));
    expect([known.status, known.body]).toEqual([304, ""]);
  });

  it("refuses a query without a, and does not store that", async () => {
    const answers = [await ask("/query?b=b"), await ask("/query?b=b"), await ask("/query")];

    expect(answers.every(({ status }) => status >= 400 && status < 500)).toBe(true);
    expect(answers.map(({ cache }) => cache === "HIT")).toEqual([false, false, false]);
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

  it("stores no 404, which is empty", async () => {
    const answers = [await ask("/404"), await ask("/404")];

    expect(answers.map((answer) => [answer.status, answer.cache, answer.body])).toEqual([
      [404, "MISS", ""],
      [404, "MISS", ""],
    ]);
  });
});
