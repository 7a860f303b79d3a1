import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeVary, parseVary } from "../../src/http/vary.ts";

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
    "is * where a member is no field name, because nothing could be looked up: %s",
    (value) => {
      expect(parseVary(value)).toBe("*");
    },
  );
});

describe("a merged Vary", () => {
  it("keeps what is present as it is spelled, and adds what is missing", () => {
    expect(mergeVary("Origin,ACCEPT", ["accept", "Accept-Language"])).toBe("Origin, ACCEPT, accept-language");
  });

  it("is what was added where nothing is present", () => {
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
