import { describe, expect, it } from "vitest";
import { LONGEST_TAG, MOST_TAGS, parseCacheTag } from "../../src/http/cache-tag.ts";

describe("the members of Cache-Tag", () => {
  it.each([
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a ,\tb , a", ["a", "b"]],
    ["", []],
    [" , ,,", []],
    ["user:1,A/b_c-d", ["user:1", "A/b_c-d"]],
    // CDNs know neither quotes nor escapes here.
    ['"a,b"', ['"a', 'b"']],
  ])("are separated by commas, trimmed, and each once: %j", (value, tags) => {
    expect(parseCacheTag(value)).toEqual(tags);
  });

  it.each([["a b"], ["a\tb"], ["ä"], ["a, b c, d"]])(
    "are undefined if one has a space or is not ASCII: %j",
    (value) => {
      expect(parseCacheTag(value)).toBeUndefined();
    },
  );

  it("may be as long as CDNs allow, and no longer", () => {
    const longest = "a".repeat(LONGEST_TAG);

    expect([parseCacheTag(longest), parseCacheTag(`${longest}a`)]).toEqual([[longest], undefined]);
  });

  it("may be as many as CDNs allow, and no more; repeated ones do not count", () => {
    const most = Array.from({ length: MOST_TAGS }, (_, index) => `t${index}`);

    expect(parseCacheTag([...most, "t0"].join())?.length).toBe(MOST_TAGS);
    expect(parseCacheTag([...most, "more"].join())).toBeUndefined();
  });
});
