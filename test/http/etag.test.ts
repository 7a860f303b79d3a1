import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatEntityTag,
  parseEntityTag,
  parseEntityTags,
  strongMatch,
  weakMatch,
} from "../../src/http/etag.ts";

const strong = { weak: false, opaque: "a" };
const weak = { weak: true, opaque: "a" };
const other = { weak: false, opaque: "b" };

describe("an entity tag", () => {
  it("is strong without a prefix, and weak with W/", () => {
    expect([parseEntityTag('"a"'), parseEntityTag('W/"a"')]).toEqual([strong, weak]);
  });

  it("may be empty, and may have commas and 8-bit characters", () => {
    expect([parseEntityTag('""')?.opaque, parseEntityTag('"a,\u00FF"')?.opaque]).toEqual(["", "a,\u00FF"]);
  });

  it.each(["", "a", '"a', 'a"', 'w/"a"', 'W/ "a"', '"a b"', '"a"b"', '"a\u007F"', '"\u0100"', '"a"\n', "*"])(
    "is not %j",
    (text) => {
      expect(parseEntityTag(text)).toBeUndefined();
    },
  );

  it("is formatted as it is parsed", () => {
    expect([formatEntityTag("a"), formatEntityTag("a", true), formatEntityTag("a", false)]).toEqual([
      '"a"',
      'W/"a"',
      '"a"',
    ]);
  });
});

describe("the comparison of entity tags", () => {
  it("is true strongly where both are strong and equal", () => {
    expect(strongMatch(strong, strong)).toBe(true);
  });

  it.each([
    [strong, weak],
    [weak, strong],
    [weak, weak],
    [strong, other],
  ])("is false strongly otherwise: %j and %j", (a, b) => {
    expect(strongMatch(a, b)).toBe(false);
  });

  it("is true weakly where they are equal, weak or not", () => {
    expect([weakMatch(strong, weak), weakMatch(weak, weak), weakMatch(strong, strong)]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("is false where they differ", () => {
    expect(weakMatch(strong, other)).toBe(false);
  });
});

describe("a list of entity tags", () => {
  it("may be a star", () => {
    expect(parseEntityTags(" * ")).toBe("*");
  });

  it("has its tags in order", () => {
    expect(parseEntityTags('"b" ,\tW/"a",, "a"')).toEqual([other, weak, strong]);
  });

  it("keeps the commas inside a tag", () => {
    expect(parseEntityTags('"a,b",W/",", "a"')).toEqual([
      { weak: false, opaque: "a,b" },
      { weak: true, opaque: "," },
      strong,
    ]);
  });

  it.each([
    'x, "a"',
    '*, "a"',
    '"b c, "a"',
    '"b"x, "a"',
    '"b, "a"',
    'W/, "a"',
    'w/"b", "a"',
    '"a", "b',
    '"a"',
  ])("drops a member that is not a tag, and keeps the others: %s", (value) => {
    expect(parseEntityTags(value)).toEqual([strong]);
  });

  it("is read as the tags that it was made from", () => {
    const tag = fc.record({
      weak: fc.boolean(),
      opaque: fc.string({ unit: fc.constantFrom("a", "b", ",", "/", "W", "*", "\\", "\u00E9") }),
    });
    fc.assert(
      fc.property(fc.array(tag), fc.constantFrom(",", ", ", " ,\t", ",,"), (tags, separator) => {
        const value = tags.map(({ weak, opaque }) => formatEntityTag(opaque, weak)).join(separator);
        expect(parseEntityTags(value)).toEqual(tags);
      }),
    );
  });
});
