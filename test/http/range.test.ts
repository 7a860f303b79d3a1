import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatContentRange, formatUnsatisfied, ifRangeHolds, parseRange } from "../../src/http/range.ts";

const modified = "Sun, 06 Nov 1994 08:49:37 GMT";
const modifiedAt = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("a Range field", () => {
  it.each([
    ["bytes=0-4", { first: 0, last: 4 }],
    ["bytes=5-", { first: 5, last: 9 }],
    ["bytes=-3", { first: 7, last: 9 }],
    ["bytes=9-9", { first: 9, last: 9 }],
    ["BYTES= 0-0 ", { first: 0, last: 0 }],
  ])("is read as a run of bytes: %s", (value, range) => {
    expect(parseRange(value, 10)).toEqual([range]);
  });

  it.each([
    ["bytes=0-99999999999999999999999", { first: 0, last: 9 }],
    ["bytes=-99999999999999999999999", { first: 0, last: 9 }],
  ])("ends where the body ends: %s", (value, range) => {
    expect(parseRange(value, 10)).toEqual([range]);
  });

  it("may have several ranges, in the order in which they are asked for", () => {
    expect(parseRange("bytes=8-, ,0-1,-1", 10)).toEqual([
      { first: 8, last: 9 },
      { first: 0, last: 1 },
      { first: 9, last: 9 },
    ]);
  });

  it("loses the parts that lie past the end", () => {
    expect(parseRange("bytes=20-30, 0-1, -0", 10)).toEqual([{ first: 0, last: 1 }]);
  });

  it.each(["bytes=10-", "bytes=10-20, 99-", "bytes=-0"])(
    "is unsatisfiable where no part is left: %s",
    (value) => {
      expect(parseRange(value, 10)).toBe("unsatisfiable");
    },
  );

  it.each([
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=a-b",
    "bytes=1",
    "bytes=5-4",
    "bytes=0-1,5-4",
    "bytes=0-1-2",
    "bytes=0 - 1",
    "bytes=+1-2",
    "bytes =0-1",
    "items=0-1",
    'bytes="0-1"',
  ])("is ignored where it is absent, malformed or in another unit: %j", (value) => {
    expect(parseRange(value, 10)).toBeUndefined();
  });

  it("is unsatisfiable from any byte of an empty body", () => {
    expect([parseRange("bytes=0-", 0), parseRange("bytes=-0", 0)]).toEqual([
      "unsatisfiable",
      "unsatisfiable",
    ]);
  });

  it("is ignored for the last bytes of an empty body, which no Content-Range could express", () => {
    expect(parseRange("bytes=-5", 0)).toBeUndefined();
  });

  it("lies within the body, whatever was sent", () => {
    const number = fc.oneof(
      fc.constant(""),
      fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
      fc.nat(20).map(String),
    );
    const sets = fc.array(fc.tuple(number, number).map((ends) => ends.join("-")));
    fc.assert(
      fc.property(sets, fc.nat(20), (set, length) => {
        const ranges = parseRange(`bytes=${set.join(",")}`, length);
        expect(
          [ranges ?? []].flat().every((range) => range === "unsatisfiable" || isWithin(range, length)),
        ).toBe(true);
      }),
    );
  });

  it("cuts what slicing would", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.integer({ min: 1, max: 20 }), (first, extra, length) => {
        const ranges = parseRange(`bytes=${first}-${first + extra}`, length);
        const body = Array.from({ length }, (_, index) => index);
        const expected = body.slice(first, first + extra + 1);
        expect([ranges].flat().flatMap((range) => cut(body, range))).toEqual(expected);
      }),
    );
  });
});

describe("Content-Range", () => {
  it("has the part and the length of the whole", () => {
    expect(formatContentRange({ first: 0, last: 4 }, 10)).toBe("bytes 0-4/10");
  });

  it("has the length of the whole where no part can be sent", () => {
    expect(formatUnsatisfied(10)).toBe("bytes */10");
  });
});

describe("If-Range", () => {
  it("holds where it is absent", () => {
    expect(ifRangeHolds(undefined, {})).toBe(true);
  });

  it("holds for the strong tag of the stored response", () => {
    expect(ifRangeHolds('"a"', { etag: '"a"' })).toBe(true);
  });

  it.each([
    ['"b"', '"a"'],
    ['W/"a"', 'W/"a"'],
    ['"a"', 'W/"a"'],
    ['W/"a"', '"a"'],
    ['"a"', undefined],
    ['"a"', "a"],
  ])("does not hold for a tag that is weak, different or absent: %s and %s", (ifRange, etag) => {
    expect(ifRangeHolds(ifRange, { etag })).toBe(false);
  });

  it("holds for a Last-Modified that is a second older than the response", () => {
    expect(ifRangeHolds(modified, { lastModified: modified, date: modifiedAt + 1000 })).toBe(true);
  });

  it("does not hold for a Last-Modified of the same second, after which the body may have changed again", () => {
    expect(ifRangeHolds(modified, { lastModified: modified, date: modifiedAt + 999 })).toBe(false);
  });

  it.each([
    ["Sun, 06 Nov 1994 08:49:38 GMT", modified],
    ["Sun, 06 Nov 1994 08:49:36 GMT", modified],
    [modified, undefined],
    ["a", "a"],
    ["", modified],
  ])("does not hold for a date that is not exactly the Last-Modified: %j and %j", (ifRange, lastModified) => {
    expect(ifRangeHolds(ifRange, { lastModified, date: modifiedAt + 9000 })).toBe(false);
  });

  it("does not hold for a date where the response has none to compare with", () => {
    expect(ifRangeHolds(modified, { lastModified: modified })).toBe(false);
  });
});

function isWithin(range: { first: number; last: number }, length: number): boolean {
  return 0 <= range.first && range.first <= range.last && range.last < length;
}

function cut(body: number[], range: unknown): number[] {
  const { first, last } =
    typeof range === "object" ? (range as { first: number; last: number }) : { first: 0, last: -1 };
  return body.slice(first, last + 1);
}
