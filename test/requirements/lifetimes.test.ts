import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/http/http-date.ts";
import { kitOf, said } from "../support/kit.ts";
import type { Kit, KitOptions, Said } from "../support/kit.ts";

type Headers = NonNullable<Said["headers"]>;

const DAY = 24 * 3600;

const silent: Said = {};
const stated: Said = { headers: { "cache-control": "max-age=10" } };

/** The ttl in a hit's `Cache-Status`; undefined where there is no hit. */
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

/** The ttl in a hit's `Cache-Status`. */
function ttlSaid(options: KitOptions, response: Said): string | undefined {
  const { ask } = kitOf(options);
  ask({}, response);
  return /ttl=(\d+)/.exec(said(ask(), "cache-status") ?? "")?.[1];
}

describe("the lifetime of a response", () => {
  it("is the response's own, else 60 seconds", () => {
    expect([ttlSaid({}, stated), ttlSaid({}, silent)]).toEqual(["10", "60"]);
  });

  it("is the response's own, else the ttl of the cache's defaults", () => {
    const options = { cache: { defaults: { ttl: 30 } } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["10", "30"]);
  });

  it("is the route's ttl before all others", () => {
    const options = { cache: { defaults: { ttl: 30 } }, route: { ttl: 20 } };

    expect([ttlSaid(options, stated), ttlSaid(options, silent)]).toEqual(["20", "20"]);
  });

  it("is what a ttl function of the cache's defaults returns", () => {
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
    ["without Last-Modified", {}],
    ["whose date cannot be read", { headers: { "last-modified": "yesterday" } }],
    ["of a status that has none", { status: 201, headers: modified(5) }],
    ["with a stated lifetime that is over", { headers: { ...modified(5), expires: "0" } }],
  ])("is absent for a response %s", (_, head) => {
    expect(kept(route, head)).toBeUndefined();
  });

  it.each([
    ["the response states one", { ...modified(5), "cache-control": "max-age=7" }, "7"],
    ["it is public, of whatever status", { ...modified(5), "cache-control": "public" }, String(DAY / 2)],
  ])("gives way to a stated one, and is used for any public response: %s", (_, headers, ttl) => {
    expect(kept(route, { status: 201, headers })).toBe(ttl);
  });

  it("is absent by default", () => {
    expect(kept({}, { headers: modified(5) })).toBe("60");
    expect(kept({ ttl: "response" }, { headers: modified(5) })).toBeUndefined();
  });
});

describe("CDN-Cache-Control", () => {
  const route = { ttl: "response" } as const;
  const later = formatHttpDate(kitOf().clock.now() + 99_000);

  it.each<[string, Headers, string | undefined]>([
    ["wins over Cache-Control", { "cdn-cache-control": "max-age=5", "cache-control": "max-age=9" }, "5"],
    ["wins over no-store", { "cdn-cache-control": "max-age=5", "cache-control": "no-store" }, "5"],
    ["wins over s-maxage", { "cdn-cache-control": "max-age=5", "cache-control": "s-maxage=9" }, "5"],
    ["wins over Expires", { "cdn-cache-control": "max-age=5", expires: later }, "5"],
    [
      "forbids storing with no-store",
      { "cdn-cache-control": "no-store", "cache-control": "max-age=9" },
      undefined,
    ],
    [
      "forbids storing with private",
      { "cdn-cache-control": "private", "cache-control": "max-age=9" },
      undefined,
    ],
    [
      "replaces Expires even without a lifetime",
      { "cdn-cache-control": "public", expires: later },
      undefined,
    ],
    [
      "is ignored where it is invalid",
      { "cdn-cache-control": "max-age=5,", "cache-control": "max-age=9" },
      "9",
    ],
    ["is ignored where it is empty", { "cdn-cache-control": "", expires: later }, "99"],
    [
      "is ignored where its lifetime is a string",
      { "cdn-cache-control": 'max-age="5"', "cache-control": "max-age=9" },
      undefined,
    ],
    ["may come in two lines", { "cdn-cache-control": ["max-age=5", "public"] }, "5"],
  ])("%s", (_, headers, ttl) => {
    expect(kept(route, { headers })).toBe(ttl);
  });
});
