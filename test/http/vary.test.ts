import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeVary, normalizeSelecting, parseVary } from "../../src/http/vary.ts";

const LISTS = ["accept-encoding", "accept-language", "accept-charset"];

describe("Vary", () => {
  it("names nothing where it is absent", () => {
    expect(parseVary(undefined)).toEqual([]);
  });

  it("is lower-cased, each name once, in order", () => {
    expect(parseVary(["Origin, Accept", "origin,accept-language"])).toEqual([
      "origin",
      "accept",
      "accept-language",
    ]);
  });

  it("is * where any member is", () => {
    expect(parseVary("Origin, *")).toBe("*");
  });

  it.each(["Accept Language", "Origin; Accept", '"Origin"', "é"])(
    "is * where a member is not a field name, since nothing could be looked up: %s",
    (value) => {
      expect(parseVary(value)).toBe("*");
    },
  );
});

describe("a merged Vary", () => {
  it("keeps the present members as they are spelled, and adds the missing ones", () => {
    expect(mergeVary("Origin,ACCEPT", ["accept", "Accept-Language"])).toBe("Origin, ACCEPT, accept-language");
  });

  it("is the added members where none is present", () => {
    expect(mergeVary(undefined, ["origin", "accept"])).toBe("origin, accept");
  });

  it("has one line for several", () => {
    expect(mergeVary(["Origin", "Accept"], [])).toBe("Origin, Accept");
  });

  it.each([
    ["*", ["origin"]],
    ["origin", ["*"]],
  ])("is * where either is", (present, added) => {
    expect(mergeVary(present, added)).toBe("*");
  });

  it("varies on all that either varies on", () => {
    const names = fc.array(fc.stringMatching(/^[a-z]{1,3}$/));
    fc.assert(
      fc.property(names, names, (present, added) => {
        expect(parseVary(mergeVary(present, added))).toEqual([...new Set([...present, ...added])]);
      }),
    );
  });
});

describe("a request field that selects a variant", () => {
  it.each([
    ["accept-encoding", "GZIP, br", "gzip,br"],
    ["accept-encoding", "gzip ; q=0.5,br", "gzip;q=0.5,br"],
    ["accept-language", ", de-CH ,,\ten ", "de-ch,en"],
    ["accept-charset", "UTF-8", "utf-8"],
    ["accept-encoding", "", ""],
  ])("is normalized: %s: %j counts as %j", (name, value, counts) => {
    expect(normalizeSelecting(name, value)).toBe(counts);
  });

  it.each([
    ["accept", "Text/HTML , b"],
    ["cookie", "A=1;  b=2"],
    ["x-tenant", "A , B"],
    ["user-agent", "  Mozilla"],
    ["authorization", "Bearer  X"],
  ])("counts as it was sent: %s", (name, value) => {
    expect(normalizeSelecting(name, value)).toBe(value);
  });

  it.each([
    ["another order", "br, gzip", "gzip, br"],
    ["another weight", "br;q=1", "br;q=0.5"],
    ["none of a coding", "gzip", "gzip;q=0"],
    ["another member", "en", "en, de"],
  ])("differs with %s", (_, one, other) => {
    expect(normalizeSelecting("accept-encoding", one)).not.toBe(normalizeSelecting("accept-encoding", other));
  });

  it("is unchanged where it is normalized again", () => {
    fc.assert(
      fc.property(fc.constantFrom(...LISTS), fc.string(), (name, value) => {
        const once = normalizeSelecting(name, value);

        expect(normalizeSelecting(name, once)).toBe(once);
      }),
    );
  });
});
