import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ageOf, instantsOf, isFresh, ttlOf } from "../../../src/core/freshness/freshness.ts";
import { readHead } from "../../../src/core/storing/response-head.ts";
import type { Entry } from "../../../src/index.ts";
import type { RouteOptions } from "../../../src/index.ts";
import { toFields } from "../../../src/http/fields.ts";
import { formatHttpDate } from "../../../src/http/http-date.ts";
import { kitOf } from "../../support/kit.ts";
import type { Asked, Said } from "../../support/kit.ts";

const NOW = Date.UTC(2026, 0, 1);

function instants(said: Said, route: RouteOptions<Asked> = {}): ReturnType<typeof instantsOf> {
  const { policy } = kitOf({ route });
  const { headers = {}, earlier = {} } = said;
  return instantsOf(
    readHead({ status: 200, fields: toFields(headers), earlier: toFields(earlier) }),
    policy,
    NOW,
  );
}

/** For how many seconds a response stays fresh from now on; undefined: it is stale already. */
function lifetime(
  headers: Readonly<Record<string, string>>,
  route?: RouteOptions<Asked>,
): number | undefined {
  const found = instants({ headers }, route);
  return found && (found.staleAt - NOW) / 1000;
}

const date = (seconds: number): string => formatHttpDate(NOW + seconds * 1000);

describe("the lifetime of a response", () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ["is a minute where nothing is stated", {}, 60],
    ["is max-age", { "cache-control": "max-age=5" }, 5],
    ["is s-maxage before max-age", { "cache-control": "max-age=5, s-maxage=7" }, 7],
    ["is max-age before Expires", { "cache-control": "max-age=5", expires: date(9) }, 5],
    ["is Expires less Date", { expires: date(9), date: date(2) }, 7],
    ["is Expires less now, where there is no Date", { expires: date(9) }, 9],
    ["is nothing where Expires is no date", { expires: "0" }, undefined],
    ["is nothing where Expires is sent twice", { expires: `${date(9)}, ${date(9)}` }, undefined],
    ["is nothing where max-age is 0", { "cache-control": "max-age=0" }, undefined],
    ["is nothing where max-age cannot be read", { "cache-control": "max-age=1m" }, undefined],
    ["is less by the Age that it came with", { "cache-control": "max-age=60", age: "20" }, 40],
    ["is nothing where it came with a greater Age", { "cache-control": "max-age=60", age: "60" }, undefined],
    ["is less by how long ago its Date is", { "cache-control": "max-age=60", date: date(-15) }, 45],
    ["is not more because its Date is in the future", { "cache-control": "max-age=60", date: date(15) }, 60],
    ["is nothing where its Age cannot be read", { "cache-control": "max-age=60", age: "-20" }, undefined],
    ["is at most 2^31 seconds", { "cache-control": "max-age=99999999999999999999" }, 2 ** 31],
  ])("%s", (_, headers, seconds) => {
    expect(lifetime(headers)).toBe(seconds);
  });

  it("is the route's ttl before all else", () => {
    expect(lifetime({ "cache-control": "max-age=5", age: "3" }, { ttl: 10 })).toBe(10);
  });

  it("is endless where the route says so", () => {
    expect(lifetime({}, { ttl: Infinity })).toBe(Infinity);
  });

  it("is nothing where the route's ttl is 0", () => {
    expect(lifetime({}, { ttl: 0 })).toBeUndefined();
  });

  it("is what the route's ttl function returns for the head", () => {
    const ttl: RouteOptions["ttl"] = ({ status, header }) => status / 100 + Number(header("X-Ttl"));

    expect(lifetime({ "x-ttl": "5" }, { ttl })).toBe(7);
  });

  it.each([[-1], [Number.NaN], ["soon"], [undefined]])(
    "is an error where that function returns %s",
    (answer) => {
      expect(() => lifetime({}, { ttl: () => answer as number })).toThrow(
        expect.objectContaining({
          code: "ERR_CACHE_TTL",
          message: expect.stringContaining("must return seconds, 0 or more"),
        }),
      );
    },
  );

  it("is that of fields from earlier middleware where the handler sets none", () => {
    const found = instants({ headers: {}, earlier: { expires: date(9), age: "4" } });

    expect(found).toEqual({ storedAt: NOW - 4000, staleAt: NOW + 5000, deleteAt: NOW + 5000 });
  });
});

describe("the age of an entry", () => {
  const entry = { storedAt: NOW, staleAt: NOW + 10_000 } as Entry;

  it("is in whole seconds, rounded down", () => {
    expect([0, 999, 1000, 12_999].map((ms) => ageOf(entry, NOW + ms))).toEqual([0, 0, 1, 12]);
  });

  it("is 0 where the clock was set back", () => {
    expect([ageOf(entry, NOW - 5000), ageOf({ storedAt: Infinity }, NOW)]).toEqual([0, 0]);
  });

  it("is at most 2^31", () => {
    expect(ageOf({ storedAt: 0 }, Number.MAX_SAFE_INTEGER)).toBe(2 ** 31);
  });

  it("is always a whole number from 0 to 2^31", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (storedAt, now) => {
          const age = ageOf({ storedAt }, now);

          expect(Number.isInteger(age) && age >= 0 && age <= 2 ** 31).toBe(true);
        },
      ),
    );
  });

  it("leaves an entry fresh up to the instant when it goes stale, and not at that instant", () => {
    expect([9999, 10_000].map((ms) => isFresh(entry, NOW + ms))).toEqual([true, false]);
  });

  it("leaves an entry a ttl that is negative once it is stale, and none where it is endless", () => {
    expect([ttlOf(entry, NOW), ttlOf(entry, NOW + 10_500), ttlOf({ staleAt: Infinity }, NOW)]).toEqual([
      10,
      -1,
      undefined,
    ]);
  });
});
