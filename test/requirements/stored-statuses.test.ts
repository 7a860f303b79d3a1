import { describe, expect, it } from "vitest";
import { rfc9111 } from "../../src/core/policy/rfc9111.ts";
import { formatHttpDate } from "../../src/http/http-date.ts";
import { kitOf, said } from "../support/kit.ts";
import type { Kit, KitOptions, Said } from "../support/kit.ts";

type Headers = NonNullable<Said["headers"]>;

const DAY = 24 * 3600;

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

describe("statuses with lifetimes of their own", () => {
  const statuses = { 200: true, 404: 10, 410: 0, 500: Infinity } as const;

  it.each<[string, Said, string | undefined]>([
    ["200 has the route's", { status: 200 }, "60"],
    ["404 has its own", { status: 404 }, "10"],
    [
      "404 has its own, whatever it states",
      { status: 404, headers: { "cache-control": "max-age=99" } },
      "10",
    ],
    ["410 has none, and is not stored", { status: 410 }, undefined],
    [
      "404 is not stored where it says no-store",
      { status: 404, headers: { "cache-control": "no-store" } },
      undefined,
    ],
    [
      "404 is not stored where it says no-cache",
      { status: 404, headers: { "cache-control": "no-cache" } },
      undefined,
    ],
    ["403 is not stored", { status: 403 }, undefined],
  ])("%s", (_, head, ttl) => {
    expect(kept({ statuses }, head)).toBe(ttl);
  });

  it("may be endless", () => {
    const { ask, now, clock } = kitOf({ route: { statuses } });
    ask({}, { status: 500 });
    clock.advance(1e9);

    expect(now().kind).toBe("serve");
  });

  it("do not change when the caller's map changes", () => {
    const map: Record<number, true | number> = { 404: 10 };
    const { ask, now } = kitOf({ route: { statuses: map } });
    map[404] = 0;

    ask({}, { status: 404 });

    expect(now().kind).toBe("serve");
  });
});

describe("any status", () => {
  it.each([[200], [201], [302], [404], [418], [503], [599]])(
    "is stored where it states a lifetime: %d",
    (status) => {
      expect(kept({ statuses: "any" }, { status, headers: { "cache-control": "max-age=5" } })).toBe("5");
    },
  );

  it.each([[206], [304], [199], [600], [999]])(
    "is not one of which nothing whole can be stored: %d",
    (status) => {
      expect(
        kept({ statuses: "any" }, { status, headers: { "cache-control": "max-age=5" } }),
      ).toBeUndefined();
    },
  );

  it.each([
    [200, "5"],
    [404, "5"],
    [299, undefined],
    [599, undefined],
  ])("with must-understand is stored where it is understood: %d", (status, ttl) => {
    const headers = { "cache-control": "max-age=5, must-understand" };

    expect(kept({ statuses: "any" }, { status, headers })).toBe(ttl);
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

describe("the Date of a response", () => {
  const date = "Thu, 01 Jan 1970 00:00:00 GMT";

  it("is stored and said on hits where the route says so, and not by default", () => {
    const dates = [true, false].map((storeDate) => {
      const { ask } = kitOf({ route: { storeDate, ttl: 60 } });
      ask({}, { headers: { date } });
      return said(ask(), "date");
    });

    expect(dates).toEqual([date, undefined]);
  });
});

describe("ranges of a response that has a Content-Range of its own", () => {
  it("are cut with theirs in its place", () => {
    const { ask } = kitOf();
    ask({}, { headers: { "content-range": "bytes 5-9/10" }, body: "report" });

    const part = ask({ headers: { range: "bytes=1-2" } });

    expect(part.fields.filter(([name]) => name === "content-range")).toEqual([
      ["content-range", "bytes 1-2/6"],
    ]);
  });
});

describe("the rfc9111 options", () => {
  it("can be a cache's, and are written by nobody", () => {
    expect(Object.isFrozen(rfc9111)).toBe(true);
    expect(kept(rfc9111, { headers: { "cache-control": "s-maxage=5", "set-cookie": "a=1" } })).toBe("5");
    expect(kept(rfc9111, {})).toBeUndefined();
  });
});
