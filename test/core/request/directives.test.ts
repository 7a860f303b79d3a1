import { describe, expect, it } from "vitest";
import { directivesOf } from "../../../src/core/request/directives.ts";
import type { RequestDirectives } from "../../../src/core/request/directives.ts";
import type { Fields } from "../../../src/http/fields.ts";
import type { Entry } from "../../../src/index.ts";
import { kitOf, requestOf } from "../../support/kit.ts";

/** Stored at 0, stale at 40 seconds. */
const entry = { storedAt: 0, staleAt: 40_000, fields: [] as Fields } as Partial<Entry> as Entry;

function directives(headers: Readonly<Record<string, string>>, isObeyed = true): RequestDirectives {
  return directivesOf(requestOf({ headers }), kitOf({ route: { requestDirectives: isObeyed } }).policy);
}

const saying = (value: string): RequestDirectives => directives({ "cache-control": value });

describe("a request without directives", () => {
  it("accepts what is fresh, and nothing that is stale", () => {
    expect([39_999, 40_000].map((now) => directives({}).accepts(entry, now))).toEqual([true, false]);
  });

  it("leaves it to the cache to serve something stale", () => {
    expect(directives({}).allowsStale(entry, 90_000)).toBe(true);
  });

  it("is one whose route does not obey them (law 4)", () => {
    const { accepts, noStore, onlyIfCached } = directives({ "cache-control": "no-cache, no-store" }, false);

    expect([accepts(entry, 0), noStore, onlyIfCached]).toEqual([true, false, false]);
  });
});

describe("a request with directives", () => {
  it.each([
    ["no-cache", 0, false],
    ["max-age=20", 20_000, true],
    ["max-age=20", 20_001, false],
    ["min-fresh=20", 20_000, true],
    ["min-fresh=20", 20_001, false],
    ["max-stale", 900_000, true],
    ["max-stale=10", 50_000, true],
    ["max-stale=10", 50_001, false],
    ["max-age=45, max-stale=10", 46_000, false],
  ])("of %s, after %d ms, accepts the entry: %s (RFC 9111 §5.2.1)", (value, now, isAccepted) => {
    expect(saying(value).accepts(entry, now)).toBe(isAccepted);
  });

  it.each(["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=40"])(
    "accepts nothing stale that says %s (RFC 9111 §4.2.4)",
    (value) => {
      const stored = { ...entry, fields: [["cache-control", value]] as Fields };

      expect(saying("max-stale").accepts(stored, 41_000)).toBe(false);
    },
  );

  it.each([
    ["no-cache", false],
    ["no-store", false],
    ["min-fresh=1", false],
    ["max-age=40", false],
    ["max-age=50", true],
    ["max-stale=4", false],
    ["max-stale=5", true],
    ["max-stale", true],
    ["only-if-cached", true],
  ])("of %s, 5 seconds past freshness, lets the cache serve it stale: %s", (value, isAllowed) => {
    expect(saying(value).allowsStale(entry, 45_000)).toBe(isAllowed);
  });

  it("wants nothing stale where it has max-age without max-stale", () => {
    expect(
      ["max-age=9", "max-age=9, max-stale", "no-cache"].map((value) => saying(value).wantsFresh),
    ).toEqual([true, false, false]);
  });

  it("is read for no-store and only-if-cached", () => {
    const { noStore, onlyIfCached } = saying("no-store, only-if-cached");

    expect([noStore, onlyIfCached]).toEqual([true, true]);
  });

  it("counts Pragma where it has no Cache-Control (RFC 9111 §5.4)", () => {
    const pragma = "x, No-Cache";

    expect([
      directives({ pragma }).accepts(entry, 0),
      directives({ pragma, "cache-control": "x" }).accepts(entry, 0),
      directives({ pragma: "x-no-cache" }).accepts(entry, 0),
    ]).toEqual([false, true, true]);
  });
});
