import { describe, expect, it } from "vitest";
import {
  CACHE_OPTIONS,
  ROUTE_OPTIONS,
  checkedOptions,
  hasMethods,
  storeOrCache,
} from "../../../src/core/contract/options.ts";

const ofRoute = { known: ROUTE_OPTIONS, example: "{ ttl: 60 }", isSetup: true };
const ofCache = { known: CACHE_OPTIONS, example: "{ store }", isSetup: true };

function refusal(options: unknown, of: Parameters<typeof checkedOptions>[2] = ofRoute): string {
  try {
    checkedOptions(options, "here", of);
  } catch (error) {
    return String(error);
  }
  return "accepted";
}

describe("the options that are checked", () => {
  it("are returned by name, without those that are undefined", () => {
    expect(checkedOptions({ ttl: 60, vary: undefined }, "here", ofRoute)).toEqual([["ttl", 60]]);
  });

  it.each([undefined, null, 60, "60", true, [60]])("are an object, and not %j", (options) => {
    expect(refusal(options)).toContain("write an object, such as { ttl: 60 }");
  });

  it("are no store and no cache", () => {
    expect(refusal(new Map())).toContain("the options are a store");
    const cache = { get: refusal, set: refusal, invalidate: refusal, clear: refusal };
    expect(refusal(cache)).toContain("the options are a cache");
  });

  it.each([
    [{ tll: 60 }, 'did you mean "ttl"?'],
    [{ maxAge: 60 }, "write ttl: 60, in seconds"],
    [{ max_age: 60 }, "write ttl: 60, in seconds"],
    [{ tag: "a" }, "write tags"],
    [{ storeTimeout: 1 }, "belongs to createCache: createCache({ storeTimeout })"],
    [{ maxBytes: 1 }, "belongs to memoryStore"],
    [{ encodings: ["br"] }, "is planned and not built yet"],
    [{ quite: "else" }, "the options are ttl, scope"],
  ])("of a route are not %j", (options, remedy) => {
    expect(refusal(options)).toContain(remedy);
  });

  it("of a cache are not those of a route", () => {
    expect(refusal({ ttl: 60 }, ofCache)).toContain("createCache({ defaults: { ttl } })");
  });
});

describe("what has methods", () => {
  it("has each of them, own or inherited", () => {
    expect(hasMethods(new Map(), ["get", "set"])).toBe(true);
    expect(hasMethods({ get: 1 }, ["get"])).toBe(false);
    expect(hasMethods(null, [])).toBe(false);
  });

  it("is a store with get and set, a cache with invalidate and clear beside them, or neither", () => {
    expect(storeOrCache(new Map())).toBe("store");
    expect(storeOrCache({ get: refusal, set: refusal, invalidate: refusal, clear: refusal })).toBe("cache");
    expect(storeOrCache({ get: refusal })).toBeUndefined();
  });
});
