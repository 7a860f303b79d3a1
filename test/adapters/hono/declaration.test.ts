import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { cacheRoute, cacheTags, invalidates } from "../../../src/adapters/hono.ts";
import type { CacheRouteOptions } from "../../../src/adapters/hono.ts";
import { createCache } from "../../../src/index.ts";
import { bytesStore } from "../../../src/testing/index.ts";
import { ask, heldCache } from "./support.ts";

describe("cacheRoute for Hono", () => {
  it.each([
    ["a misspelt option", { tll: 60 }, "ERR_CACHE_OPTION_UNKNOWN"],
    ["an option of the wrong kind", { ttl: "60" }, "ERR_CACHE_OPTION_INVALID"],
    ["no options at all", null, "ERR_CACHE_OPTION_INVALID"],
    ["a list for options", [], "ERR_CACHE_OPTION_INVALID"],
    ["seconds for options", 60, "ERR_CACHE_OPTION_INVALID"],
    ["the handler for options", () => new Response("a"), "ERR_CACHE_OPTION_INVALID"],
    ["an application that is none", { app: {} }, "ERR_CACHE_OPTION_INVALID"],
    ["a name that is no text", { route: 7 }, "ERR_CACHE_OPTION_INVALID"],
    ["guards, which are middleware in front", { before: [] }, "ERR_CACHE_OPTION_UNKNOWN"],
  ])("throws at once for %s", (_, options, code) => {
    expect(() => cacheRoute(heldCache().cache, options as unknown as CacheRouteOptions)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it("throws at once for something that is no cache", () => {
    expect(() => cacheRoute(new Map() as never, { ttl: 60 })).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_NOT_A_CACHE" }),
    );
  });

  it("leaves a route alone that is not enabled", async () => {
    const app = new Hono();
    app.get("/", cacheRoute(heldCache().cache, { ttl: 60, enabled: false }), (c) => c.text("a"));

    const { cache, text, headers } = await ask(app, "/");

    expect([cache, text, headers.get("cache-status")]).toEqual([null, "a", null]);
  });

  it("needs no name where processes share a store: Hono knows it", () => {
    const store = bytesStore({ shared: true });

    expect(() => cacheRoute(createCache({ store, reporter: false }), { ttl: 60 })).not.toThrow();
  });
});

describe("invalidates for Hono", () => {
  it("throws at once for tags that are none", () => {
    expect(() => invalidates(heldCache().cache, { tags: "list" as never })).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_OPTION_INVALID" }),
    );
  });
});

describe("cacheTags for Hono", () => {
  it("throws for something that is no context", () => {
    expect(() => cacheTags(new Response() as never, ["a"])).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_TAGS",
        message: expect.stringContaining("cacheTags(c, tags)"),
      }),
    );
  });

  it("tags a response whose middleware has replaced the request", async () => {
    const { cache } = heldCache();
    const app = new Hono();
    app.get(
      "/",
      cacheRoute(cache, { ttl: 60 }),
      async (c, next) => {
        c.req.raw = new Request(c.req.raw);
        await next();
      },
      (c) => {
        cacheTags(c, ["a"]);
        return c.text("a");
      },
    );
    await ask(app, "/");
    await cache.invalidate({ tag: "a" });

    expect((await ask(app, "/")).cache).toBe("MISS");
  });
});
