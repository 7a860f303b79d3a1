import { defineHandler, defineValidatedHandler, H3 } from "h3";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cacheMiddleware, cacheRoute, cacheTags, invalidates } from "../../../src/adapters/h3.ts";
import type { CacheRouteOptions } from "../../../src/adapters/h3.ts";
import { createCache } from "../../../src/index.ts";
import { bytesStore } from "../../../src/testing/index.ts";
import { ask, heldCache } from "../hono/support.ts";

const handler = (): string => "a";

const WRONG = [
  ["a misspelt option", { tll: 60 }, "ERR_CACHE_OPTION_UNKNOWN"],
  ["an option of the wrong kind", { ttl: "60" }, "ERR_CACHE_OPTION_INVALID"],
  ["no options at all", null, "ERR_CACHE_OPTION_INVALID"],
  ["a list for options", [], "ERR_CACHE_OPTION_INVALID"],
  ["seconds for options", 60, "ERR_CACHE_OPTION_INVALID"],
  ["the handler for options", handler, "ERR_CACHE_OPTION_INVALID"],
  ["a name that is no text", { route: 7 }, "ERR_CACHE_OPTION_INVALID"],
  ["guards, which are middleware", { before: [] }, "ERR_CACHE_OPTION_UNKNOWN"],
] as const;

describe("cacheRoute for h3", () => {
  it.each(WRONG)("throws at once for %s", (_, options, code) => {
    expect(() => cacheRoute(heldCache().cache, options as unknown as CacheRouteOptions, handler)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it.each([
    ["none", undefined, "the handler is of type undefined"],
    ["an object", { handler }, "the handler is of type object"],
  ])("throws at once for a handler that is %s", (_, given, message) => {
    expect(() => cacheRoute(heldCache().cache, { ttl: 60 }, given as never)).toThrow(message);
  });

  it("throws at once for something that is no cache", () => {
    expect(() => cacheRoute(new Map() as never, { ttl: 60 }, handler)).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_NOT_A_CACHE" }),
    );
  });

  it("leaves a route alone that is not enabled", async () => {
    const app = new H3().get("/", cacheRoute(heldCache().cache, { ttl: 60, enabled: false }, handler));

    const { cache, text, headers } = await ask(app, "/");

    expect([cache, text, headers.get("cache-status")]).toEqual([null, "a", null]);
  });

  it("needs no name where processes share a store: h3 knows it", () => {
    const store = bytesStore({ shared: true });
    const cache = createCache({ store, reporter: false });

    expect(() => cacheRoute(cache, { ttl: 60 }, handler)).not.toThrow();
    expect(() => cacheMiddleware(cache, { ttl: 60 })).not.toThrow();
  });

  it("keeps what a handler's definition says of it, and its own fetch", async () => {
    const meta = { summary: "a report" };
    const cached = cacheRoute(heldCache().cache, { ttl: 60 }, defineHandler({ meta, handler }));

    const answers = [await cached.fetch("/a"), await cached.fetch("/a")];

    expect(cached.meta).toEqual(meta);
    expect(answers.map(({ headers }) => headers.get("x-cache"))).toEqual(["MISS", "HIT"]);
  });
});

describe("cacheMiddleware for h3", () => {
  it.each(WRONG)("throws at once for %s", (_, options, code) => {
    expect(() => cacheMiddleware(heldCache().cache, options as unknown as CacheRouteOptions)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe("the query that an h3 handler declares", () => {
  const query = z.object({ a: z.string(), b: z.string().default("b") });

  it("is that of its validator, whose defaults enter the key, and the handler sees no other parameter", async () => {
    const cached = cacheRoute(
      heldCache().cache,
      { ttl: 60 },
      defineValidatedHandler({
        validate: { query },
        handler: (event) => event.url.search,
      }),
    );
    const app = new H3().get("/", cached);

    const answers = [await ask(app, "/?a=1"), await ask(app, "/?b=b&a=1&c=3"), await ask(app, "/?a=1&b=2")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "?a=1&b=b"],
      ["HIT", "?a=1&b=b"],
      ["MISS", "?a=1&b=2"],
    ]);
  });

  it("is that of the options where they have one", async () => {
    const validated = defineValidatedHandler({ validate: { query }, handler: (event) => event.url.search });
    const app = new H3().get("/", cacheRoute(heldCache().cache, { ttl: 60, query: "all" }, validated));

    const answers = [await ask(app, "/?a=1&c=1"), await ask(app, "/?a=1&c=2")];

    expect(answers.map(({ cache }) => cache)).toEqual(["MISS", "MISS"]);
  });

  it.each([
    ["cannot tell", { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) } }],
    ["has no JSON Schema for it", z.object({ a: z.custom<string>() }).transform((value) => value)],
  ])("is unknown where the validator's library %s: every parameter counts", async (_, schema) => {
    const validated = defineValidatedHandler({
      validate: { query: schema as typeof query },
      handler: (event) => event.url.search,
    });
    const app = new H3().get("/", cacheRoute(heldCache().cache, { ttl: 60 }, validated));

    const answers = [await ask(app, "/?a=1&c=1"), await ask(app, "/?a=1&c=2")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "?a=1&c=1"],
      ["MISS", "?a=1&c=2"],
    ]);
  });

  it("stores nothing of a request that the validator refuses", async () => {
    const { cache } = heldCache();
    const validated = defineValidatedHandler({ validate: { query }, handler: () => "a" });
    const app = new H3({ silent: true }).get("/", cacheRoute(cache, { ttl: 60 }, validated));

    const { status, text } = await ask(app, "/?b=1");

    expect([status, cache.stats().stored]).toEqual([400, 0]);
    expect(text).toContain("Validation failed");
  });
});

describe("invalidates for h3", () => {
  it.each([
    ["tags that are none", { tags: "list" }, handler],
    ["an option that there is not", { tags: ["list"], tag: 1 }, handler],
    ["a handler that is none", { tags: ["list"] }, undefined],
    ["the handler for options", handler, { tags: ["list"] }],
  ])("throws at once for %s", (_, options, given) => {
    expect(() => invalidates(heldCache().cache, options as never, given as never)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_CACHE_OPTION_(INVALID|UNKNOWN)$/) }),
    );
  });
});

describe("cacheTags for h3", () => {
  it("throws for something that is no event", () => {
    expect(() => cacheTags(new Response() as never, ["a"])).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_TAGS",
        message: expect.stringContaining("cacheTags(event, tags)"),
      }),
    );
  });

  it("tags a response whose middleware has replaced the request", async () => {
    const { cache } = heldCache();
    const app = new H3();
    app.get(
      "/",
      cacheRoute(cache, { ttl: 60 }, (event) => {
        Object.assign(event, { req: new Request(event.req.url) });
        cacheTags(event, ["a"]);
        return "a";
      }),
    );
    await ask(app, "/");
    await cache.invalidate({ tag: "a" });

    expect((await ask(app, "/")).cache).toBe("MISS");
  });
});
