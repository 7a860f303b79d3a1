import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseSelecting } from "../../src/http/vary.ts";

const LISTS = ["accept-encoding", "accept-language", "accept-charset"];

describe("a request field that selects a variant", () => {
  it.each([
    ["accept-encoding", "GZIP, br", "gzip,br"],
    ["accept-encoding", "gzip ; q=0.5,br", "gzip;q=0.5,br"],
    ["accept-language", ", de-CH ,,\ten ", "de-ch,en"],
    ["accept-charset", "UTF-8", "utf-8"],
    ["accept-encoding", "", ""],
  ])("%s: %j counts as %j", (name, value, counts) => {
    expect(normaliseSelecting(name, value)).toBe(counts);
  });

  it.each([
    ["accept", "Text/HTML , b"],
    ["cookie", "A=1;  b=2"],
    ["x-tenant", "A , B"],
    ["user-agent", "  Mozilla"],
    ["authorization", "Bearer  X"],
  ])("%s counts as it was said", (name, value) => {
    expect(normaliseSelecting(name, value)).toBe(value);
  });

  it.each([
    ["another order", "br, gzip", "gzip, br"],
    ["another weight", "br;q=1", "br;q=0.5"],
    ["none of a coding", "gzip", "gzip;q=0"],
    ["another member", "en", "en, de"],
  ])("is another one with %s", (_, one, other) => {
    expect(normaliseSelecting("accept-encoding", one)).not.toBe(normaliseSelecting("accept-encoding", other));
  });

  it("is not changed by counting twice", () => {
    fc.assert(
      fc.property(fc.constantFrom(...LISTS), fc.string(), (name, value) => {
        const once = normaliseSelecting(name, value);

        expect(normaliseSelecting(name, once)).toBe(once);
      }),
    );
  });
});
