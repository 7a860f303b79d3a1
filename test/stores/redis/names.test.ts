import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namesOf, partOf } from "../../../src/stores/redis/names.ts";

/** Texts that are alike: plain, hashed, of the shape of a hash, and with lone surrogates. */
const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "#", "{", "}", " ", "\ud800", "\udc00", "\n"), maxLength: 6 }),
  fc.string().map(partOf),
  fc.string({ unit: "grapheme-ascii", minLength: 120, maxLength: 136 }),
);

describe("the part of a name that stands for a text", () => {
  it("differs for different texts", () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(partOf(one) === partOf(other)).toBe(one === other);
      }),
      { numRuns: 2000 },
    );
  });

  it("is short ASCII, and chooses no slot", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(partOf(text)).toMatch(/^[ -z|}~]{0,128}$/);
      }),
    );
  });

  it("is the text itself, if it is short ASCII", () => {
    const key = "GET /users/:id https://example.org/users/7?page=2";
    expect(partOf(key)).toBe(key);
    expect(namesOf("cr:").resource(key)).toBe(`cr:r:${key}`);
  });

  it.each(["#", "#a", "a{b", "é", "a\n", "a".repeat(129)])("is a hash for %j", (text) => {
    expect(partOf(text)).toMatch(/^#[\w-]{43}$/);
  });
});

describe("the keys of a store", () => {
  it("are never those of another kind", () => {
    const names = namesOf("a:");
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const keys = [names.resource(one), names.lease(other), ...names.marks];
        expect(new Set(keys).size).toBe(4);
      }),
    );
  });

  it("are found by a pattern in which the prefix means itself", () => {
    expect(namesOf("a*[b]?\\:").resources).toBe("a\\*\\[b\\]\\?\\\\:r:*");
  });
});
