import express from "express";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { cacheRoute as inExpress } from "../../src/adapters/express.ts";
import { cacheRoute as inFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as inFetch } from "../../src/adapters/fetch.ts";
import { createCache, memoryStore } from "../../src/index.ts";

const cache = createCache({ reporter: false });

function registering(options: object): Promise<unknown> {
  return fastify()
    .register(inFastify, options as never)
    .ready() as unknown as Promise<unknown>;
}

describe("an option that does not exist is refused", () => {
  it.each<[string, () => unknown, string]>([
    ["by a memory store", () => memoryStore({ colour: 1 } as never), "the options are maxBytes, maxEntries"],
    [
      "by a memory store, with the word that was meant",
      () => memoryStore({ maxbytes: 1 } as never),
      '"maxBytes"?',
    ],
    ["by a cache", () => createCache({ colour: 1 } as never), "the options are store, namespace"],
    ["by the defaults of a cache", () => createCache({ defaults: { before: [] } as never }), '"before"'],
    ["by a route on Express", () => inExpress(cache, { befor: [] } as never), 'did you mean "before"?'],
    ["by a fetch handler", () => inFetch(cache, { befor: [] } as never, () => new Response()), '"before"?'],
    ["by a route, with all there are", () => inExpress(cache, { colour: 60 } as never), ", before"],
    ["by cacheStatus", () => createCache({ cacheStatus: { nam: "a" } as never }), "{ name, key }"],
    ["by statusHeader", () => createCache({ statusHeader: { hits: "a" } as never }), "{ name, hit, miss }"],
    ["by handlerTimeout", () => inExpress(cache, { handlerTimeout: { sof: 1 } as never }), "{ soft, hard }"],
  ])("%s", (_, declare, message) => {
    expect(declare).toThrow(message);
    expect(declare).toThrow(/ERR_CACHE_OPTION_(UNKNOWN|INVALID)/);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["get", () => cache.get("k", { namespce: "a" } as never)],
    ["set", () => cache.set("k", { body: "x" }, { tll: 60 } as never)],
    ["invalidate", () => cache.invalidate("k", { namespaces: "a" } as never)],
    ["invalidate by tags", () => cache.invalidate({ tag: "a" } as never, { namespace: "a" })],
    ["explain", () => cache.explain({ url: "/" }, { name: "GET /" } as never)],
    ["the Fastify plugin", () => registering({ cache, ttl: 60 })],
  ])("by %s", async (_, call) => {
    await expect(call()).rejects.toThrow("ERR_CACHE_OPTION_UNKNOWN");
  });

  it("where the plugin leaves to Fastify what Fastify takes with every plugin", async () => {
    await expect(registering({ cache, prefix: "/v1", logLevel: "silent" })).resolves.toBeDefined();
  });

  it.each([["users"], [null], [["users"]], [60]])("where the place is not an object: %j", async (where) => {
    await expect(cache.get("k", where as never)).rejects.toThrow("ERR_CACHE_OPTION_INVALID");
  });

  it("where a namespace is not text", async () => {
    await expect(cache.get("k", { namespace: 1 as never })).rejects.toThrow(
      'write a string, such as "users"',
    );
  });
});

describe("a store or a cache in place of options is recognized", () => {
  it.each<[string, () => unknown, string]>([
    ["createCache", () => createCache(memoryStore() as never), "the options are a store"],
    ["createCache", () => createCache(memoryStore() as never), "{ store: memoryStore() }"],
    ["createCache", () => createCache(cache as never), "the options are a cache"],
    ["memoryStore", () => memoryStore(memoryStore() as never), "the options are a store"],
    ["Express, for the cache", () => inExpress(memoryStore() as never), "write createCache({ store })"],
    ["Express, for the options", () => inExpress(cache, memoryStore() as never), "the options are a store"],
    [
      "fetch, for the cache",
      () => inFetch(memoryStore() as never, {}, () => new Response()),
      "createCache({ store })",
    ],
    [
      "fetch, for the options",
      () => inFetch(cache, memoryStore() as never, () => new Response()),
      "the options are a store",
    ],
    ["a Map for a store", () => createCache({ store: new Map() as never }), "set(key, value)"],
  ])("by %s", (_, declare, message) => {
    expect(declare).toThrow(message);
  });

  it.each<[string, object, string]>([
    ["a store", memoryStore(), "the options are a store"],
    ["a cache", cache, "the options are a cache"],
    ["a store for the cache", { cache: memoryStore() }, "write createCache({ store })"],
  ])("by the Fastify plugin: %s", async (_, options, message) => {
    await expect(registering(options)).rejects.toThrow(message);
  });

  it("by a route of Fastify", async () => {
    const app = fastify();
    await app.register(inFastify, { cache });
    const declare = (): unknown => app.get("/", { cache: memoryStore() as never }, () => "x");

    expect(declare).toThrow("the options are a store");
  });

  it("by a route of Fastify, like a guard that is not a function", async () => {
    const app = fastify();
    await app.register(inFastify, { cache });
    const declare = (): unknown => app.get("/", { cache: { before: ["key"] as never } }, () => "x");

    expect(declare).toThrow('"before" is not made of functions');
  });

  it("where nothing else is taken for one", () => {
    expect(() => inExpress(cache, { ttl: 60, before: [express.json()] })).not.toThrow();
  });
});

describe("the message about handlerTimeout", () => {
  it("names the longest timeout", () => {
    expect(() => inExpress(cache, { handlerTimeout: 3_000_000 })).toThrow("at most 2147483");
  });
});
