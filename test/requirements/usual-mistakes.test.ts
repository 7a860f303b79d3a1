import { createCache as managedCache } from "cache-manager";
import express from "express";
import fastify from "fastify";
import { Redis } from "ioredis";
import { Keyv } from "keyv";
import { LRUCache } from "lru-cache";
import { createClient } from "redis";
import { describe, expect, it } from "vitest";
import { cacheRoute as inExpress } from "../../src/adapters/express.ts";
import { cacheRoute as inFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as inFetch } from "../../src/adapters/fetch.ts";
import { CacheError, createCache, memoryStore } from "../../src/index.ts";

const cache = createCache({ reporter: false });

/** Ways to declare a route with these options. */
const DECLARE: Readonly<Record<string, (options: object) => unknown>> = {
  fastify: async (options) => {
    const app = fastify();
    await app.register(inFastify, { cache });
    app.get("/reports", { cache: options }, () => "x");
  },
  express: (options) => inExpress(cache, options),
  fetch: (options) => inFetch(cache, options, () => new Response()),
};

/** Returns the first line of the error that is thrown, without its code. */
async function mistakeIn(happens: () => unknown): Promise<string> {
  try {
    await happens();
  } catch (error) {
    return error instanceof CacheError ? withoutCode(error.message) : "another error";
  }
  return "no error";
}

function withoutCode(message: string): string {
  return message.split(" [ERR_", 1)[0]!.replace(/^[^:]*: /, "");
}

const later = async (): Promise<string> => "ann";

describe.each(Object.keys(DECLARE))("a usual mistake on a route is told with its remedy, on %s:", (name) => {
  const declare = DECLARE[name]!;

  it.each<[object, string]>([
    [{ ttl: "1m" }, 'the option "ttl" is "1m"; write seconds as a number: "1m" is 60'],
    [{ ttl: "60" }, 'the option "ttl" is "60"; write seconds as a number: "60" is 60'],
    [{ ttl: "1h" }, 'the option "ttl" is "1h"; write seconds as a number: "1h" is 3600'],
    [{ ttl: "1.5 days" }, 'the option "ttl" is "1.5 days"; write seconds as a number: "1.5 days" is 129600'],
    [{ staleIfError: "2 weeks" }, '"2 weeks" is 1209600'],
    [{ staleWhileRevalidate: "30 secs" }, '"30 secs" is 30'],
    [{ maxWait: "500ms" }, 'the option "maxWait" is "500ms"; write seconds as a number: "500ms" is 0.5'],
  ])("a duration as text: %j", async (options, message) => {
    expect(await mistakeIn(() => declare(options))).toContain(message);
  });

  it.each([["fortnight"], ["1x"], ["1 mile"], [""], ["-1m"], ["PT1M"]])(
    "not what is no duration: ttl: %j",
    async (ttl) => {
      expect(await mistakeIn(() => declare({ ttl }))).toContain(
        'write seconds (0 or more, Infinity allowed), "response"',
      );
    },
  );

  it.each<[string, string]>([
    ["maxAge", "write ttl: 60, in seconds"],
    ["max_age", "write ttl: 60, in seconds"],
    ["max-age", "write ttl: 60, in seconds"],
    ["expires", "write ttl: 60, in seconds"],
    ["expiresIn", "write ttl: 60, in seconds"],
    ["duration", "write ttl: 60, in seconds"],
    ["timeout", "write handlerTimeout: 5 for the handler, or ttl: 60 for the response, in seconds"],
    ["tag", "write tags"],
    ["cacheKey", "write key, a function of the request that returns text"],
    ["keyGenerator", "write key, a function of the request that returns text"],
    ["swr", "write staleWhileRevalidate: 60, in seconds"],
    ["stale", "write staleWhileRevalidate: 60, in seconds"],
    ["prefix", "write namespace"],
    ["headers", 'write vary: ["accept-language"], for the request headers that select a response'],
    ["waitMs", "write maxWait: 0.5, in seconds"],
    ["guards", "write before"],
    ["maxSize", "write maxBodyBytes"],
    ["debug", "reporter belongs to createCache: createCache({ reporter })"],
    ["max", "maxEntries belongs to memoryStore: createCache({ store: memoryStore({ maxEntries }) })"],
  ])("another cache's name for an option: %s", async (wrong, remedy) => {
    expect(await mistakeIn(() => declare({ [wrong]: 60 }))).toBe(`there is no option "${wrong}"; ${remedy}`);
  });

  it.each<[object, string]>([
    [{ storeTimeout: 1 }, 'the option "storeTimeout" belongs to createCache: createCache({ storeTimeout })'],
    [{ onError: () => undefined }, 'the option "onError" belongs to createCache'],
    [{ reporter: false }, 'the option "reporter" belongs to createCache'],
    [{ store: memoryStore() }, "a store belongs to createCache({ store })"],
    [
      { maxBytes: 1 },
      'the option "maxBytes" belongs to memoryStore: createCache({ store: memoryStore({ maxBytes }) })',
    ],
  ])("an option of the cache: %j", async (options, message) => {
    expect(await mistakeIn(() => declare(options))).toContain(message);
  });

  it.each(["key", "scope", "origin", "tags"])("an async function: %s", async (option) => {
    expect(await mistakeIn(() => declare({ [option]: later }))).toBe(
      `the function given as "${option}" is async, so it returns a Promise: load what it needs in a guard, then read it here`,
    );
  });

  it("an async ttl, which sees the response only", async () => {
    expect(await mistakeIn(() => declare({ ttl: later }))).toContain(
      "returns a Promise: let the handler send what it needs in a header, then read it here",
    );
  });

  it("a cache in place of the options", async () => {
    expect(await mistakeIn(() => declare(cache))).toBe(
      "the options are a cache; write an object, such as { ttl: 60 }",
    );
  });
});

/** Ways to hand a cache to an adapter, with options for a route where it takes them. */
const HAND: Readonly<Record<string, (made: never, options: never) => unknown>> = {
  fastify: (made) => fastify().register(inFastify, { cache: made }).ready(),
  express: (made, options) => inExpress(made, options),
  fetch: (made, options) => inFetch(made, options, () => new Response()),
};

describe.each(Object.keys(HAND))("what is given in place of a cache is told, on %s:", (name) => {
  const hand = (made: unknown, options: unknown = {}): unknown =>
    HAND[name]!(made as never, options as never);

  it.each<[string, unknown, string]>([
    ["createCache, not called", createCache, "got createCache itself; call it: createCache()"],
    ["a promise of a cache", Promise.resolve(cache), "got a Promise; await it first"],
    ["a store", memoryStore(), "got a store; write createCache({ store })"],
    [
      "an object that holds the cache",
      { cache },
      "got an object that holds it; write the cache first, then the options",
    ],
    ["nothing", undefined, "expected the cache that createCache() returns, and got undefined"],
  ])("%s", async (_, made, message) => {
    await expect(async () => hand(made)).rejects.toThrow(message);
    await expect(async () => hand(made)).rejects.toMatchObject({ code: "ERR_CACHE_NOT_A_CACHE" });
  });
});

describe("swapped arguments are told", () => {
  const message = "the arguments are swapped: the cache comes first, then the options";

  it("on Express", () => {
    expect(() => inExpress({ ttl: 60 } as never, cache as never)).toThrow(message);
  });

  it("on fetch, with the handler in any place", () => {
    expect(() => inFetch({ ttl: 60 } as never, cache as never, () => new Response())).toThrow(message);
    expect(() => inFetch({ ttl: 60 } as never, (() => new Response()) as never, cache as never)).toThrow(
      message,
    );
  });

  it("on Express, where the handler is an argument", () => {
    const handler = (): void => undefined;

    expect(() => inExpress(cache, { ttl: 60 }, handler as never)).toThrow(
      "write app.get(path, cacheRoute(cache, { ttl: 60 }), handler)",
    );
  });

  it("on fetch, where the options are left out", () => {
    expect(() => inFetch(cache, (() => new Response()) as never, undefined as never)).toThrow(
      "write cacheRoute(cache, { ttl: 60 }, handler)",
    );
  });
});

describe("an option of a route is told to belong there", () => {
  const place = 'the option "ttl" belongs to a route, or to defaults: createCache({ defaults: { ttl } })';

  it.each<[string, () => unknown]>([
    ["by createCache", () => createCache({ ttl: 60 } as never)],
    ["by memoryStore", () => memoryStore({ ttl: 60 } as never)],
    [
      "by the Fastify plugin",
      () =>
        fastify()
          .register(inFastify, { cache, ttl: 60 } as never)
          .ready(),
    ],
  ])("%s", async (_, happens) => {
    expect(await mistakeIn(happens)).toBe(place);
  });

  it("also by another cache's name for it", async () => {
    expect(await mistakeIn(() => createCache({ maxAge: 60 } as never))).toBe(
      'there is no option "maxAge"; ttl belongs to a route, or to defaults: createCache({ defaults: { ttl } })',
    );
  });

  it("but guards cannot be a default", async () => {
    expect(await mistakeIn(() => createCache({ defaults: { before: [] } as never }))).toBe(
      'the option "before" belongs to a route',
    );
  });

  it("and a store to createCache, not to the plugin", async () => {
    const happens = (): unknown =>
      fastify()
        .register(inFastify, { store: memoryStore() } as never)
        .ready();

    expect(await mistakeIn(happens)).toBe(
      'the option "store" belongs to createCache: createCache({ store }); write app.register(cacheRoute, { cache: createCache() })',
    );
  });
});

describe("what keeps values under keys is refused as a store", () => {
  it.each<[string, object]>([
    ["a Map", new Map()],
    ["a Map with a name", Object.assign(new Map(), { name: "map" })],
    ["an LRU cache", new LRUCache({ max: 10 })],
    ["an LRU cache with a name", Object.assign(new LRUCache({ max: 10 }), { name: "lru" })],
    ["Keyv", new Keyv()],
    ["Keyv with a name", Object.assign(new Keyv(), { name: "keyv" })],
    ["cache-manager", managedCache()],
    ["the client of a database", { get: async () => null, set: async () => "OK", del: async () => 1 }],
  ])("%s", async (_, store) => {
    expect(await mistakeIn(() => createCache({ store: store as never }))).toMatch(
      /^the option "store" is .*; write memoryStore\(\{ maxBytes \}\), or a store around it as in docs\/writing-a-store\.md/,
    );
    expect(await mistakeIn(() => createCache(store as never))).toContain("the options are a store");
  });

  it("and is shown by its class", async () => {
    expect(await mistakeIn(() => createCache({ store: new Map() as never }))).toMatch(
      /^the option "store" is an object of class Map; write memoryStore/,
    );
    expect(await mistakeIn(() => createCache({ store: new Keyv() as never }))).toMatch(
      /^the option "store" is an object of class Keyv; write memoryStore/,
    );
  });

  it.each([
    ["ioredis", new Redis({ lazyConnect: true })],
    ["node-redis", createClient()],
  ])("and a client of %s, which redisStore takes", async (_, store) => {
    expect(await mistakeIn(() => createCache({ store: store as never }))).toMatch(
      /^the option "store" is .*; write redisStore\(client\), from "caching-route\/stores\/redis"/,
    );
  });

  it("but not a store whose set takes an entry, or any arguments", () => {
    const { name, get, set, delete: remove, clear } = memoryStore();
    const wrapped = {
      name,
      shared: false,
      get,
      set: (...args: Parameters<typeof set>) => set(...args),
      delete: remove,
      clear,
    };

    expect(() => createCache({ store: memoryStore() })).not.toThrow();
    expect(() => createCache({ store: wrapped })).not.toThrow();
  });

  it("and a store without a name is told so", async () => {
    const { shared, get, set, delete: remove, clear } = memoryStore();

    expect(
      await mistakeIn(() => createCache({ store: { shared, get, set, delete: remove, clear } as never })),
    ).toBe('the option "store" is {"shared":false}; write a store with a "name", a text for messages');
  });

  it("and a store that is not made yet", async () => {
    expect(await mistakeIn(() => createCache({ store: memoryStore as never }))).toBe(
      'the option "store" is function memoryStore; write what it returns: call it, as in memoryStore()',
    );
  });
});

describe("a function of a route that returns the wrong thing fails its request with the remedy", () => {
  const asked = async (options: object): Promise<string> => {
    const handler = inFetch(cache, options, () => new Response("x"));
    return mistakeIn(() => handler(new Request("http://a.example/")));
  };

  it.each(["key", "scope", "origin", "tags"])("a Promise: %s", async (option) => {
    expect(await asked({ [option]: () => later() })).toBe(
      `the function given as "${option}" returned a Promise: load what it needs in a guard, then read it here`,
    );
  });

  it.each([[undefined], [null]])("no scope for visitors: %s", async (nobody) => {
    expect(await asked({ scope: () => nobody })).toBe(
      `the function given as "scope" returned ${nobody}: refuse visitors in a guard, or return a name for them`,
    );
  });

  it("an empty key", async () => {
    expect(await asked({ key: () => "" })).toBe(
      'the function given as "key" returned ""; it must return a non-empty string',
    );
  });

  it("a ttl as text", async () => {
    expect(await asked({ ttl: () => "1m" })).toBe(
      'the function given as "ttl" returned "1m": return seconds as a number: "1m" is 60',
    );
  });

  it("on Fastify and Express as well", async () => {
    const app = fastify();
    await app.register(inFastify, { cache });
    app.get("/", { cache: { scope: () => undefined as never } }, () => "x");
    const server = express()
      .get("/", inExpress(cache, { scope: () => undefined as never }), (_, res) => void res.send("x"))
      .use(
        (error: Error, _: unknown, res: express.Response, __: unknown) =>
          void res.status(500).send(error.message),
      )
      .listen(0);
    const { port } = server.address() as { port: number };

    const answers = [(await app.inject("/")).body, await (await fetch(`http://127.0.0.1:${port}/`)).text()];
    server.close();

    for (const text of answers)
      expect(text).toContain("refuse visitors in a guard, or return a name for them");
  });
});
