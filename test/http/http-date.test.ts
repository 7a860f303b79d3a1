import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHttpDate, parseHttpDate } from "../../src/http/http-date.ts";

const instant = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("an HTTP-date", () => {
  it.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "is read in each of its three forms: %s",
    (text) => {
      expect(parseHttpDate(text)).toBe(instant);
    },
  );

  it("has two digits for the later days of an asctime month", () => {
    expect(parseHttpDate("Wed Nov 16 08:49:37 1994")).toBe(Date.UTC(1994, 10, 16, 8, 49, 37));
  });

  it("is the same in upper and lower case", () => {
    expect(parseHttpDate("SUN, 06 nov 1994 08:49:37 gmt")).toBe(instant);
  });

  it.each([
    "",
    "0",
    "-1",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun,  06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nox 1994 08:49:37 GMT",
    "Xyz, 06 Nov 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Wed, 29 Feb 1995 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 31-Nov-94 08:49:37 GMT",
  ])("is not %j", (text) => {
    expect(parseHttpDate(text, instant)).toBeUndefined();
  });

  it("has a leap second, which is the second before it", () => {
    expect(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT")).toBe(Date.UTC(2016, 11, 31, 23, 59, 59));
  });

  it("may lie in the first century", () => {
    expect(formatHttpDate(parseHttpDate("Mon, 01 Jan 0050 00:00:00 GMT") ?? 0)).toContain(
      "Jan 0050 00:00:00",
    );
  });
});

describe("a two-digit year", () => {
  it("is in this century up to 50 years from now", () => {
    const now = Date.UTC(2026, 0, 1);

    expect(parseHttpDate("Wednesday, 01-Jan-76 00:00:00 GMT", now)).toBe(Date.UTC(2076, 0, 1));
  });

  it("is in the last century more than 50 years from now", () => {
    const now = Date.UTC(2026, 0, 1);

    expect(parseHttpDate("Wednesday, 01-Jan-76 00:00:01 GMT", now)).toBe(Date.UTC(1976, 0, 1, 0, 0, 1));
  });

  it("is in the next century where that is near", () => {
    const now = Date.UTC(2080, 0, 1);

    expect(parseHttpDate("Wednesday, 01-Jan-20 00:00:00 GMT", now)).toBe(Date.UTC(2120, 0, 1));
  });

  it("is the leap year that has the day", () => {
    const now = Date.UTC(2060, 0, 1);

    expect(parseHttpDate("Tuesday, 29-Feb-00 00:00:00 GMT", now)).toBe(Date.UTC(2000, 1, 29));
  });

  it.each([
    ["69", 2069],
    ["70", 1970],
  ])("is between 1970 and 2069 where now is not known: %s", (short, year) => {
    expect(parseHttpDate(`Friday, 01-Jan-${short} 00:00:00 GMT`)).toBe(Date.UTC(year, 0, 1));
  });
});

describe("a formatted HTTP-date", () => {
  it("is an IMF-fixdate", () => {
    expect(formatHttpDate(instant + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
  });

  it("stays within four-digit years", () => {
    expect([formatHttpDate(Infinity), formatHttpDate(-Infinity)]).toEqual([
      "Fri, 31 Dec 9999 23:59:59 GMT",
      "Sat, 01 Jan 0000 00:00:00 GMT",
    ]);
  });

  it("is read as the second that it was made from", () => {
    const seconds = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, (at) => {
        expect(parseHttpDate(formatHttpDate(at * 1000))).toBe(at * 1000);
      }),
    );
  });
});
