import { describe, expect, it } from "vitest";
import {
  lastWindow,
  servesOnError,
  servesWhileRevalidating,
  staleWindows,
  withoutWindows,
} from "../../../src/core/freshness/stale-windows.ts";
import type { StaleWindows } from "../../../src/core/freshness/stale-windows.ts";
import { readHead } from "../../../src/core/storing/response-head.ts";
import { toFields } from "../../../src/http/fields.ts";
import type { Entry, RouteOptions } from "../../../src/index.ts";
import { kitOf } from "../../support/kit.ts";
import type { Asked } from "../../support/kit.ts";

const STALE_AT = 100_000;

/** The stale windows, in seconds after freshness: while revalidating, and on an error. */
function windows(cacheControl: string, route: RouteOptions<Asked> = {}): readonly (number | undefined)[] {
  const head = readHead({ status: 200, fields: toFields({ "cache-control": cacheControl }) });
  const { staleWhileRevalidateUntil, staleIfErrorUntil } = staleWindows(
    head,
    kitOf({ route }).policy,
    STALE_AT,
  );
  return [staleWhileRevalidateUntil, staleIfErrorUntil].map((until) => until && (until - STALE_AT) / 1000);
}

describe("the stale windows of a response", () => {
  it("are none by default", () => {
    expect(windows("max-age=60")).toEqual([undefined, undefined]);
  });

  it("are those that the response states (RFC 5861 §3 and §4)", () => {
    expect(windows("max-age=60, stale-while-revalidate=10, stale-if-error=20")).toEqual([10, 20]);
  });

  it("are those of the route, before the response's own", () => {
    const route = { staleWhileRevalidate: 5, staleIfError: 0 };

    expect(windows("stale-while-revalidate=10, stale-if-error=20", route)).toEqual([5, undefined]);
  });

  it.each(["must-revalidate", "proxy-revalidate", "no-cache", 'no-cache="set-cookie"'])(
    "are vetoed by %s, whatever the route has (RFC 9111 §4.2.4)",
    (directive) => {
      const route = { staleWhileRevalidate: 5, staleIfError: 5 };

      expect(windows(`stale-while-revalidate=10, ${directive}`, route)).toEqual([undefined, undefined]);
    },
  );

  it("are those of the route beside s-maxage, unless its scope is shared (RFC 9111 §5.2.2.10)", () => {
    const route = { staleWhileRevalidate: 5, staleIfError: 5 };

    expect(windows("s-maxage=60", route)).toEqual([5, 5]);
    expect(windows("s-maxage=60", { ...route, scope: "shared" })).toEqual([undefined, undefined]);
  });

  it("are the response's own beside its s-maxage, though the scope is shared", () => {
    expect(windows("s-maxage=60, stale-if-error=20", { scope: "shared", staleIfError: 5 })).toEqual([
      undefined,
      20,
    ]);
  });
});

describe("the last window", () => {
  it.each<[StaleWindows, number]>([
    [{}, 0],
    [{ staleIfErrorUntil: 5 }, 5],
    [{ staleWhileRevalidateUntil: 7, staleIfErrorUntil: 5 }, 7],
  ])("of %j is open until %d", (open, until) => {
    expect(lastWindow(open)).toBe(until);
  });
});

describe("a stale entry", () => {
  const entry = { key: "k", staleWhileRevalidateUntil: 10, staleIfErrorUntil: 20 } as Entry;

  it("is served while it is refreshed up to the end of its window, and not at the end", () => {
    expect([9, 10].map((now) => servesWhileRevalidating(entry, now))).toEqual([true, false]);
  });

  it("is served in place of an error up to the end of its window, and not at the end", () => {
    expect([19, 20].map((now) => servesOnError(entry, now))).toEqual([true, false]);
  });

  it("is not served where it has no windows", () => {
    const { key } = entry;

    expect(withoutWindows(entry)).toEqual({ key });
    expect(
      [servesWhileRevalidating, servesOnError].map((serves) => serves(withoutWindows(entry), 0)),
    ).toEqual([false, false]);
  });
});
