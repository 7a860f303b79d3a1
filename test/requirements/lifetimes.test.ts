import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/http/http-date.ts";
import { kitOf, said } from "../support/kit.ts";
import type { Kit, KitOptions, Said } from "../support/kit.ts";

type Headers = NonNullable<Said["headers"]>;

const DAY = 24 * 3600;

const silent: Said = {};
const stated: Said = { headers: { "cache-control": "max-age=10" } };

/** For how long a response stays fresh, in the words of a hit; undefined: it is none. */
function kept(route: KitOptions["route"], head: Said): string | undefined {
  const kit = kitOf({ route: { ...route } });
  kit.ask({}, head);
  const decision = kit.now();
  return decision.kind === "serve" ? said(decision.reply, "cache-status")?.split("ttl=")[1] : undefined;
}

/** A date so many days before the clock's beginning. */
function daysAgo({ clock }: Kit, days: number): string {
  return formatHttpDate(clock.now() - days * DAY * 1000);
}

const modified = (days: number): Headers => ({ "last-modified": daysAgo(kitOf(), days) });

/** What a hit says of its time to live. */
function ttlSaid(options: KitOptions, response: Said): string | undefined {
  const { ask } = kitOf(options);
  ask({}, response);
  return /ttl=(\d+)/.exec(said(ask(), "cache-status") ?? "")?.[1];
}

describe("the lifetime of a response", () => {
  it("is the handler's, else 60, where nobody wrote one", () => {
    expect([ttlSaid({}, stated), ttlSaid({}, silent)]).toEqual(["10", "60"]);
  });

  it("is the handler's, else the cache's, where the cache wrote one among its defaults", () => {
    const options = { cache: { defaults: { ttl: 30 } } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["10", "30"]);
  });

  it("is the route's where the route wrote one", () => {
    const options = { cache: { defaults: { ttl: 30 } }, route: { ttl: 20 } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["20", "20"]);
  });

  it("is what the cache's function says, which looks at the response itself", () => {
    const options = { cache: { defaults: { ttl: () => 5 } } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["5", "5"]);
  });
});

describe("a heuristic lifetime", () => {
  const route = { ttl: "response", heuristic: true, statuses: "any" } as const;

  it("is a tenth of the time since the response was modified", () => {
    expect(kept(route, { headers: modified(5) })).toBe(String(DAY / 2));
  });

  it("is a day at most", () => {
    expect(kept(route, { headers: modified(100) })).toBe(String(DAY));
  });

  it.each<[string, Said]>([
    ["that was modified in the future", { headers: modified(-5) }],
    ["that does not say when it was modified", {}],
    ["whose date cannot be read", { headers: { "last-modified": "yesterday" } }],
    ["of a status that has none", { status: 201, headers: modified(5) }],
    ["that states one that is over", { headers: { ...modified(5), expires: "0" } }],
  ])("is not for a response %s", (_, head) => {
    expect(kept(route, head)).toBeUndefined();
  });

  it.each([
    ["the response states one", { ...modified(5), "cache-control": "max-age=7" }, "7"],
    ["it is public, of whatever status", { ...modified(5), "cache-control": "public" }, String(DAY / 2)],
  ])("gives way, or is given, where %s", (_, headers, ttl) => {
    expect(kept(route, { status: 201, headers })).toBe(ttl);
  });

  it("is none by default: what states no lifetime has the cache's", () => {
    expect(kept({}, { headers: modified(5) })).toBe("60");
    expect(kept({ ttl: "response" }, { headers: modified(5) })).toBeUndefined();
  });
});

describe("a targeted lifetime", () => {
  const route = { ttl: "response" } as const;
  const later = formatHttpDate(kitOf().clock.now() + 99_000);

  it.each<[string, Headers, string | undefined]>([
    ["wins over Cache-Control", { "cdn-cache-control": "max-age=5", "cache-control": "max-age=9" }, "5"],
    ["wins over no-store", { "cdn-cache-control": "max-age=5", "cache-control": "no-store" }, "5"],
    ["wins over s-maxage", { "cdn-cache-control": "max-age=5", "cache-control": "s-maxage=9" }, "5"],
    ["wins over Expires", { "cdn-cache-control": "max-age=5", expires: later }, "5"],
    ["refuses", { "cdn-cache-control": "no-store", "cache-control": "max-age=9" }, undefined],
    ["is private", { "cdn-cache-control": "private", "cache-control": "max-age=9" }, undefined],
    [
      "is alone: Expires does not count beside it",
      { "cdn-cache-control": "public", expires: later },
      undefined,
    ],
    [
      "is ignored where it is invalid",
      { "cdn-cache-control": "max-age=5,", "cache-control": "max-age=9" },
      "9",
    ],
    ["is ignored where it is empty", { "cdn-cache-control": "", expires: later }, "99"],
    ["is no string", { "cdn-cache-control": 'max-age="5"', "cache-control": "max-age=9" }, undefined],
    ["may come in two lines", { "cdn-cache-control": ["max-age=5", "public"] }, "5"],
  ])("%s", (_, headers, ttl) => {
    expect(kept(route, { headers })).toBe(ttl);
  });
});
