import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { cacheRoute as inExpress, invalidates as writesInExpress } from "../../src/adapters/express.ts";
import { cacheRoute as inFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as inFetch, invalidates as writesInFetch } from "../../src/adapters/fetch.ts";
import { CacheError, createCache } from "../../src/index.ts";
import { refused } from "../support/refused.ts";

const cache = createCache({ reporter: false });
const handler = (): Response => new Response();

/** Returns the first line of the error of a call, without its code. */
async function mistakeIn(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    return error instanceof CacheError ? (error.message.split(" [ERR_", 1)[0] as string) : "another error";
  }
  return "no error";
}

function registered(options: unknown): unknown {
  return fastify()
    .register(inFastify, options as never)
    .ready();
}

const WANTED = "expected the cache that createCache() returns, and got";
const REGISTER = "write app.register(cacheRoute, { cache: createCache() })";

describe("where no cache is given, the message has the line to write", () => {
  it.each<[string, () => unknown, string]>([
    ["to the Fastify plugin", () => registered({}), `${WANTED} undefined; ${REGISTER}`],
    [
      "to the Fastify plugin without options",
      () => registered(undefined),
      `${WANTED} undefined; ${REGISTER}`,
    ],
    ["to the Fastify plugin, but null", () => registered({ cache: null }), `${WANTED} null; ${REGISTER}`],
    [
      "to the Fastify plugin, but a route's option",
      () => registered({ ttl: 60 }),
      'cacheRoute: the option "ttl" belongs to a route, or to defaults: createCache({ defaults: { ttl } }); ' +
        REGISTER,
    ],
    [
      "to the Fastify plugin, but a misspelt one",
      () => registered({ cach: cache }),
      `cacheRoute: there is no option "cach"; did you mean "cache"?; ${REGISTER}`,
    ],
    [
      "to a route on Express",
      () => inExpress({ ttl: 60 } as never),
      `${WANTED} {"ttl":60}; write cacheRoute(cache, { ttl: 60 })`,
    ],
    [
      "to a write on Express",
      () => writesInExpress({ tags: ["a"] } as never, undefined as never),
      `${WANTED} {"tags":["a"]}; write invalidates(cache, { tags: ["todos"] })`,
    ],
    [
      "to a fetch handler",
      () => inFetch({ ttl: 60 } as never, handler as never, undefined as never),
      `${WANTED} {"ttl":60}; write cacheRoute(cache, { ttl: 60 }, handler)`,
    ],
    [
      "to a write of fetch",
      () => writesInFetch({ tags: ["a"] } as never, handler as never, undefined as never),
      `${WANTED} {"tags":["a"]}; write invalidates(cache, { tags: ["todos"] }, handler)`,
    ],
  ])("%s", async (_, call, message) => {
    expect(await mistakeIn(call)).toBe(message);
  });
});

describe("a handler in the place of the options is recognised", () => {
  const line = "write cacheRoute(cache, { ttl: 60 }, handler)";
  const writeLine = 'write invalidates(cache, { tags: ["todos"] }, handler)';
  const onExpress = "write app.get(path, cacheRoute(cache, { ttl: 60 }), handler)";

  it.each<[string, () => unknown, string]>([
    [
      "by fetch, with the options after it",
      () => inFetch(cache, handler as never, { ttl: 60 } as never),
      `fetch handler: the arguments are swapped: the handler comes last; ${line}`,
    ],
    [
      "by fetch, without options",
      () => inFetch(cache, handler as never, undefined as never),
      `fetch handler: the options are left out; ${line}`,
    ],
    [
      "by a write of fetch, with the options after it",
      () => writesInFetch(cache, handler as never, { tags: ["a"] } as never),
      `fetch handler: the arguments are swapped: the handler comes last; ${writeLine}`,
    ],
    [
      "by a write of fetch, without options",
      () => writesInFetch(cache, handler as never, undefined as never),
      `fetch handler: the options are left out; ${writeLine}`,
    ],
    [
      "by fetch, where there is none",
      () => inFetch(cache, { ttl: 60 }, undefined as never),
      `fetch handler: the handler is of type undefined; ${line}`,
    ],
    [
      "by a write of fetch, where there is none",
      () => writesInFetch(cache, { tags: ["a"] }, undefined as never),
      `fetch handler: the handler is of type undefined; ${writeLine}`,
    ],
    [
      "by Express, with the options after it",
      () => inExpress(cache, handler as never, { ttl: 60 } as never),
      `cacheRoute(): the handler is no argument of it; ${onExpress}`,
    ],
    [
      "by Express, without options",
      () => inExpress(cache, handler as never),
      `cacheRoute(): the handler is no argument of it; ${onExpress}`,
    ],
    [
      "by Express, after the options",
      () => inExpress(cache, { ttl: 60 }, handler as never),
      `cacheRoute(): the handler is no argument of it; ${onExpress}`,
    ],
  ])("%s", async (_, call, message) => {
    expect(await mistakeIn(call)).toBe(message);
  });
});

describe("what a write makes outdated is named tags", () => {
  it.each<[string, () => unknown]>([
    ["on Express", () => writesInExpress(cache, { invalidates: ["todos"] } as never)],
    ["on fetch", () => writesInFetch(cache, { invalidates: ["todos"] } as never, handler)],
  ])("%s", async (_, call) => {
    expect(await mistakeIn(call)).toMatch(/: there is no option "invalidates"; write tags$/);
  });
});

describe("tags in the place of the options of a write are told as its tags", () => {
  it.each<[unknown, string]>([
    ["lists", '{ tags: ["lists"] }'],
    [["lists", "all"], '{ tags: ["lists","all"] }'],
    [[1], '{ tags: ["todos"] }'],
    [7, '{ tags: ["todos"] }'],
    [[], '{ tags: ["todos"] }'],
  ])("%j", async (options, example) => {
    const calls = [
      () => writesInExpress(cache, options as never),
      () => writesInFetch(cache, options as never, handler),
    ];

    const told = (await Promise.all(calls.map(mistakeIn))).map((text) => text.split("such as ")[1]);

    expect(told).toEqual([example, example]);
  });
});

describe("a number in the place of a route's options is told as seconds", () => {
  it.each<[string, () => unknown]>([
    ["on Express", () => inExpress(cache, 300 as never)],
    ["on fetch", () => inFetch(cache, 300 as never, handler)],
    ["on Express, as text", () => inExpress(cache, "300" as never)],
  ])("%s", async (_, call) => {
    expect(await mistakeIn(call)).toMatch(
      /: the options are "?300"?; write an object, such as \{ ttl: 300 \}$/,
    );
  });
});

describe("a wrong call of a cache's method is told with what to write", () => {
  const body = { body: "x" };

  it.each<[string, () => unknown, string]>([
    [
      "set with a number",
      () => cache.set("k", body, 90 as never),
      "cache.set: the options are 90; write an object, such as { ttl: 90 }",
    ],
    [
      "set with a number that is no lifetime",
      () => cache.set("k", body, -1 as never),
      "cache.set: the options are -1; write an object, such as { ttl: 60 }",
    ],
    [
      "set with a ttl as text",
      () => cache.set("k", body, { ttl: "60" as never }),
      'cache.set: the option "ttl" is "60"; write seconds as a number: "60" is 60',
    ],
    [
      "set with a ttl that is no duration",
      () => cache.set("k", body, { ttl: "soon" as never }),
      'cache.set: the option "ttl" is "soon"; write seconds, 0 or more, Infinity allowed',
    ],
    [
      "get with a namespace alone",
      () => cache.get("k", "users" as never),
      'cache.get: the options are "users"; write an object, such as { namespace: "users" }',
    ],
    [
      "invalidate with tags and text",
      () => cache.invalidate({ tag: "a" }, "soft" as never),
      'cache.invalidate: the options are "soft"; write an object, such as { soft: true }',
    ],
    [
      "invalidate with tags, in a namespace",
      () => cache.invalidate({ tag: "a" }, { namespace: "users" } as never),
      'cache.invalidate: only a key has a namespace beside it, as in cache.invalidate("user:7", { namespace: "users" }); ' +
        'leave it out, or write cache.invalidate({ namespace: "users" }) for all that is in it',
    ],
    [
      "invalidate with a key in an object, in a namespace",
      () => cache.invalidate({ key: "a" } as never, { namespace: "users" } as never),
      'cache.invalidate was given {"key":"a"}; write cache.invalidate("user:7"), or cache.invalidate("user:7", { namespace: "users" })',
    ],
    [
      "explain with the URL alone",
      () => cache.explain("/x" as never),
      'cache.explain: the request is "/x"; write cache.explain({ url: "/x" })',
    ],
    [
      "explain with a URL",
      () => cache.explain(new URL("http://a/x") as never),
      'cache.explain: the request is an object of class URL; write cache.explain({ url: "http://a/x" })',
    ],
    [
      "explain with a request whose url is a URL",
      () => cache.explain({ url: new URL("http://a/x") as never }),
      'cache.explain: the url is an object of class URL; write cache.explain({ url: "http://a/x" })',
    ],
    [
      "explain with nothing",
      () => cache.explain(undefined as never),
      'cache.explain: the request is undefined; write cache.explain({ url: "/reports/7?page=2" })',
    ],
    [
      "explain with the route alone",
      () => cache.explain({ url: "/x" }, "GET /x" as never),
      'cache.explain: the options are "GET /x"; write an object, such as { route: "GET /x" }',
    ],
  ])("%s", async (_, call, message) => {
    expect(await mistakeIn(call)).toBe(message);
  });
});

describe("an origin that is none is refused", () => {
  const remedy = 'write scheme and authority, such as "https://example.org"';

  it.each([
    ["nope"],
    ["example.org"],
    ["//example.org"],
    ["https://"],
    ["https://example.org/"],
    ["https://example.org/path"],
    ["https://example.org?a"],
    ["https://user@example.org"],
    ["https://example.org:port"],
    ["https://exam ple.org"],
    ["https://a:80:81"],
    ["https://[::1"],
  ])("%j", (origin) => {
    expect(() => inExpress(cache, { origin })).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", `the option "origin" is ${JSON.stringify(origin)}; ${remedy}`),
    );
    expect(() => createCache({ defaults: { origin } })).toThrow(refused("ERR_CACHE_OPTION_INVALID", remedy));
  });

  it.each([
    ["https://example.org"],
    ["HTTP://Example.ORG"],
    ["http://localhost:8000"],
    ["http://[::1]:8000"],
    ["http://127.0.0.1"],
    ["https://bücher.example"],
    ["http://app_1"],
    ["app+web://host"],
  ])("and %s is one", (origin) => {
    expect(() => inExpress(cache, { origin })).not.toThrow();
  });
});
