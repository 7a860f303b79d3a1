import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCacheControl } from "../../src/http/cache-control.ts";

const nothing = parseCacheControl(undefined);

describe("Cache-Control", () => {
  it("has no directives where it is absent, empty or unknown", () => {
    expect([
      parseCacheControl(""),
      parseCacheControl(" , ,"),
      parseCacheControl('x, y=1, z="no-store"'),
    ]).toEqual([nothing, nothing, nothing]);
  });

  it("has every directive without an argument", () => {
    const value =
      "no-store, no-cache, private, public, must-revalidate, proxy-revalidate, must-understand, immutable, no-transform, only-if-cached, max-stale";

    expect(parseCacheControl(value)).toEqual({
      noStore: true,
      noCache: true,
      private: true,
      public: true,
      mustRevalidate: true,
      proxyRevalidate: true,
      mustUnderstand: true,
      immutable: true,
      noTransform: true,
      onlyIfCached: true,
      maxStale: true,
    });
  });

  it("has every directive with a duration", () => {
    const value =
      "max-age=1, s-maxage=2, stale-while-revalidate=3, stale-if-error=4, min-fresh=5, max-stale=6";

    expect(parseCacheControl(value)).toEqual({
      ...nothing,
      maxAge: 1,
      sMaxage: 2,
      staleWhileRevalidate: 3,
      staleIfError: 4,
      minFresh: 5,
      maxStale: 6,
    });
  });

  it("has directives in any case, with any whitespace around them", () => {
    expect(parseCacheControl("\tNo-Store ,MAX-AGE=5")).toEqual({ ...nothing, noStore: true, maxAge: 5 });
  });

  it("may quote a duration", () => {
    expect(parseCacheControl('max-age="60", s-maxage="\\6\\0"')).toEqual({
      ...nothing,
      maxAge: 60,
      sMaxage: 60,
    });
  });

  it("cannot be changed by its readers", () => {
    expect([Object.isFrozen(parseCacheControl("public")), Object.isFrozen(nothing)]).toEqual([true, true]);
  });
});

describe("a confined directive", () => {
  it("is confined to the lower-case names in its quotes", () => {
    expect(parseCacheControl('no-cache="Set-Cookie, x-a", private="X-B"')).toEqual({
      ...nothing,
      noCache: ["set-cookie", "x-a"],
      private: ["x-b"],
    });
  });

  it("is confined to all names where it is sent twice", () => {
    expect(parseCacheControl('private="a", private="b, c"').private).toEqual(["a", "b", "c"]);
  });

  it("is not confined where it is also sent without names", () => {
    expect(parseCacheControl('private="a", private, private="b"').private).toBe(true);
  });

  it.each([
    "private=",
    "private=garbage",
    'private=""',
    'private=" , "',
    'private="a b"',
    'private="a',
    'private="a\\"',
    'private="a"b',
    'private ="a"',
    'private= "a"',
    "private=a, private",
  ])("is unconfined without a valid argument: %s", (value) => {
    expect(parseCacheControl(value).private).toBe(true);
  });

  it.each(["no-cache=", 'no-cache=""', "no-cache=x", 'no-cache="a,'])(
    "is unconfined without a valid argument as no-cache: %s",
    (value) => {
      expect(parseCacheControl(value).noCache).toBe(true);
    },
  );
});

describe("a malformed Cache-Control", () => {
  it.each(["no-store=", "no-store=x", 'no-store="x"', 'no-store="', "no-store:", "no-store =1"])(
    "keeps its no-store: %s",
    (value) => {
      expect(parseCacheControl(value).noStore).toBe(true);
    },
  );

  it.each([
    "public; no-store",
    "public no-store",
    'public", no-store, "',
    'x="unclosed, no-store',
    'x="a"no-store',
    "x=(a,no-store)",
    "max-age=60; no-store",
    "max-age=60/no-store",
    "=no-store",
  ])("has its no-store found behind a typing error: %s", (value) => {
    expect(parseCacheControl(value).noStore).toBe(true);
  });

  it.each(['x="no-store, \\"private\\"", y=no-cache', 'x="public, max-age=60"y'])(
    "does not have an argument read as directives: %s",
    (value) => {
      expect(parseCacheControl(value)).toEqual(nothing);
    },
  );

  it.each([
    "max-age",
    "max-age=",
    "max-age=-1",
    "max-age=1.5",
    "max-age=1s",
    'max-age="1',
    "max-age= 60",
    "max-age=60:",
  ])("has no freshness where that cannot be read: %s", (value) => {
    expect(parseCacheControl(value).maxAge).toBe(0);
  });

  it.each([
    "max-age=60, max-age=50",
    "max-age=60, max-age=x",
    "max-age=x, max-age=60",
    "max-age=5, max-age=6, max-age=5",
  ])("has no freshness where two values contradict: %s", (value) => {
    expect(parseCacheControl(value).maxAge).toBe(0);
  });

  it("has the freshness that is sent twice with one value", () => {
    expect(parseCacheControl("max-age=60, max-age=060").maxAge).toBe(60);
  });

  it("has a freshness of 2^31 where it is larger", () => {
    expect(parseCacheControl("max-age=99999999999999999999").maxAge).toBe(2 ** 31);
  });

  it("has no stale window where that cannot be read", () => {
    expect(parseCacheControl("stale-while-revalidate, stale-if-error=x, s-maxage=y")).toEqual({
      ...nothing,
      staleWhileRevalidate: 0,
      staleIfError: 0,
      sMaxage: 0,
    });
  });

  it("has a min-fresh that nothing meets where it cannot be read", () => {
    expect(parseCacheControl("min-fresh=x").minFresh).toBe(2 ** 31);
  });

  it.each([
    ["max-stale=x", 0],
    ["max-stale, max-stale=5", 0],
    ["max-stale=5, max-stale", 0],
    ["max-stale, max-stale", true],
  ])("accepts nothing stale where max-stale cannot be read or contradicts itself: %s", (value, expected) => {
    expect(parseCacheControl(value).maxStale).toBe(expected);
  });

  it("shows a no-store that stands alone, whatever text is before or after it", () => {
    const surroundings = fc.stringMatching(/^[a-z0-9=,; -]*$/);
    fc.assert(
      fc.property(surroundings, surroundings, (before, after) => {
        expect(parseCacheControl(`${before}, no-store, ${after}`).noStore).toBe(true);
      }),
    );
  });

  it("shows a private that ends the field, whatever text is before it", () => {
    const text = fc.string({
      unit: fc.constantFrom('"', ",", "=", "\\", ";", " ", "a", "private", "no-cache"),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (value) => {
        expect(parseCacheControl(`${value}, private=`).private).toBe(true);
      }),
      {
        examples: [['x="']],
      },
    );
  });
});
