import { describe, expect, it } from "vitest";
import { rfc9111 } from "../../src/core/policy/rfc9111.ts";
import { kitOf, said } from "../support/kit.ts";
import type { KitOptions, Said } from "../support/kit.ts";

/** The ttl in a hit's `Cache-Status`; undefined where there is no hit. */
function kept(route: KitOptions["route"], head: Said): string | undefined {
  const kit = kitOf({ route: { ...route } });
  kit.ask({}, head);
  const decision = kit.now();
  return decision.kind === "serve" ? said(decision.reply, "cache-status")?.split("ttl=")[1] : undefined;
}

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
    "is not stored where no whole response can have it: %d",
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
  ])("is stored with must-understand where it is understood: %d", (status, ttl) => {
    const headers = { "cache-control": "max-age=5, must-understand" };

    expect(kept({ statuses: "any" }, { status, headers })).toBe(ttl);
  });
});

describe("the Date of a response", () => {
  const date = "Thu, 01 Jan 1970 00:00:00 GMT";

  it("is stored and replayed under storeDate, and not by default", () => {
    const dates = [true, false].map((storeDate) => {
      const { ask } = kitOf({ route: { storeDate, ttl: 60 } });
      ask({}, { headers: { date } });
      return said(ask(), "date");
    });

    expect(dates).toEqual([date, undefined]);
  });
});

describe("ranges of a response that has a Content-Range of its own", () => {
  it("have their own in its place", () => {
    const { ask } = kitOf();
    ask({}, { headers: { "content-range": "bytes 5-9/10" }, body: "report" });

    const part = ask({ headers: { range: "bytes=1-2" } });

    expect(part.fields.filter(([name]) => name === "content-range")).toEqual([
      ["content-range", "bytes 1-2/6"],
    ]);
  });
});

describe("the rfc9111 options", () => {
  it("can be a cache's defaults, and cannot be changed", () => {
    expect(Object.isFrozen(rfc9111)).toBe(true);
    expect(kept(rfc9111, { headers: { "cache-control": "s-maxage=5", "set-cookie": "a=1" } })).toBe("5");
    expect(kept(rfc9111, {})).toBeUndefined();
  });
});
