import { describe, expect, it } from "vitest";
import { settingsOf } from "../../../src/core/policy/cache-options.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import type { CacheOptions } from "../../../src/index.ts";
import { refused } from "../../support/refused.ts";

function make(options: unknown): () => unknown {
  return () => createCache(options as CacheOptions);
}

describe("a wrong option of a cache", () => {
  const inherited = { get: () => undefined, set: () => undefined, delete: () => 0 };
  const halfMarked = {
    ...inherited,
    clear: () => undefined,
    name: "a",
    shared: true,
    marks: { read: () => [] },
  };

  it.each([
    ["store", inherited, "a store keeps whole responses: set(entry)"],
    ["store", null, "a store, such as memoryStore()"],
    ["store", memoryStore, "call it, as in memoryStore()"],
    ["store", halfMarked, "read(from) and add(names, above), or one without"],
    ["namespace", 1, 'a string, such as "api"'],
    ["namespacePolicy", "join", '"concat" or "replace"'],
    ["statusHeader", true, "{ name, hit, miss } or false"],
    ["statusHeader", null, "{ name, hit, miss } or false"],
    ["statusHeader", { name: "x y" }, "{ name, hit, miss } or false"],
    ["statusHeader", { name: 1 }, "{ name, hit, miss } or false"],
    ["statusHeader", { hit: "" }, "{ name, hit, miss } or false"],
    ["statusHeader", { miss: "a\r\nb" }, "{ name, hit, miss } or false"],
    ["statusHeader", { word: "x" }, "{ name, hit, miss } or false"],
    ["cacheStatus", "", "a name, true or false"],
    ["clock", { now: () => 0 }, "a clock: now() and schedule(callback, ms)"],
    ["onError", "log", "a function of the error and the failure"],
    ["reporter", true, "a function of the report, or false"],
    ["storeTimeout", 0, "seconds above 0"],
    ["storeTimeout", Infinity, "at most 60"],
    ["storeTimeout", 100, "at most 60"],
    ["storeTimeout", { read: 100 }, "at most 60"],
    ["storeTimeout", "one", "seconds above 0"],
    ["storeTimeout", {}, "{ read: 0.1, write: 1 }"],
    ["storeTimeout", { read: 0 }, "or { read, write }"],
    ["storeTimeout", { read: 1, writes: 1 }, "or { read, write }"],
    ["storeTimeout", [0.1, 1], "or { read, write }"],
    ["storeTimeout", "250ms", 'write seconds as a number: "250ms" is 0.25'],
    ["blind", -1, "seconds from 0 to 3600"],
    ["blind", 3601, "seconds from 0 to 3600"],
    ["blind", NaN, "seconds from 0 to 3600"],
    ["blind", "5s", 'write seconds as a number: "5s" is 5'],
    ["secret", "", "a non-empty string"],
  ])("is refused: %s: %j", (name, value, remedy) => {
    expect(make({ [name]: value })).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", "createCache", `"${name}"`, remedy),
    );
  });

  it.each([
    ["redis://:password@localhost", "text"],
    [{ url: "redis://:password@localhost" }, "an object"],
    [[{ password: "password" }], "an object"],
  ])("is refused without showing what may be a password: store: %j", (store, shown) => {
    expect(make({ store })).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", `createCache: the option "store" is ${shown}; write`),
    );
  });

  it("is refused where there is no such option", () => {
    expect(make({ ttl: 60 })).toThrow(
      refused("ERR_CACHE_OPTION_UNKNOWN", '"ttl" belongs to a route, or to defaults'),
    );
    expect(make({ stor: 1 })).toThrow(refused("ERR_CACHE_OPTION_UNKNOWN", 'did you mean "store"?'));
  });

  it("is refused where it is a default that no route could have", () => {
    expect(make({ defaults: { ttl: -1 } })).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", "createCache defaults", '"ttl"'),
    );
    expect(make({ defaults: { encodings: [] } })).toThrow(
      refused("ERR_CACHE_OPTION_LATER", "createCache defaults", '"encodings"'),
    );
    expect(make({ defaults: null })).toThrow(refused("ERR_CACHE_OPTION_INVALID", "createCache defaults"));
  });

  it("is refused where the options are not an object", () => {
    expect(make(null)).toThrow(refused("ERR_CACHE_OPTION_INVALID", "createCache"));
    expect(make("redis")).toThrow(refused("ERR_CACHE_OPTION_INVALID", "createCache"));
    expect(make({ namespace: undefined })).not.toThrow();
  });

  it("is refused where it is a default name for all routes", () => {
    expect(make({ defaults: { route: "reports" } })).toThrow(
      refused("ERR_CACHE_OPTION_INVALID", "createCache defaults", '"route"', "it on each route"),
    );
  });
});

describe("the settings of a cache", () => {
  it("are complete and frozen where it has no options", () => {
    const settings = settingsOf({});

    expect(settings).toEqual({
      namespace: "",
      namespacePolicy: "concat",
      statusHeader: { name: "x-cache", hit: "HIT", miss: "MISS" },
      cacheStatus: "caching-route",
      cacheStatusKey: false,
      isEnabled: true,
      isShared: false,
      hasSecret: false,
      defaults: {},
    });
    expect([settings, settings.statusHeader, settings.defaults].map(Object.isFrozen)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("keep the default name where only the key is asked for", () => {
    expect(settingsOf({ cacheStatus: { key: true } })).toMatchObject({
      cacheStatus: "caching-route",
      cacheStatusKey: true,
    });
  });

  it("do not change when the caller's defaults change later", () => {
    const defaults = { ttl: 1 };
    const settings = settingsOf({ defaults });
    defaults.ttl = 2;

    expect(settings.defaults).toEqual({ ttl: 1 });
  });
});

describe("the status header", () => {
  it("keeps the default of what is left out", () => {
    expect(settingsOf({ statusHeader: { name: "X-Reports" } }).statusHeader).toEqual({
      name: "x-reports",
      hit: "HIT",
      miss: "MISS",
    });
  });

  it("is absent where it is switched off, and so is Cache-Status", () => {
    const { statusHeader, cacheStatus } = settingsOf({ statusHeader: false, cacheStatus: false });

    expect([statusHeader, cacheStatus]).toEqual([undefined, undefined]);
  });

  it("stands beside a Cache-Status with the cache's own name", () => {
    const names = [settingsOf({ cacheStatus: "edge" }), settingsOf({ cacheStatus: true })].map(
      ({ cacheStatus }) => cacheStatus,
    );

    expect(names).toEqual(["edge", "caching-route"]);
  });
});
