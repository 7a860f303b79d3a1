import * as fc from "fast-check";
import { parseList, serializeList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { parseStringList } from "../../src/http/string-list.ts";

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

/** What a parser of structured fields says, if all members are strings. */
function expected(value: string): readonly string[] | undefined {
  try {
    const members = parseList(value).map(([member]) => member);
    return members.every((member) => typeof member === "string") ? [...new Set(members)] : undefined;
  } catch {
    return undefined;
  }
}

describe("a structured list of strings", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.uniqueArray(printable), (members) => {
        expect(parseStringList(serializeList(members.map((member) => [member, new Map()])))).toEqual(members);
      }),
    );
  });

  it("is what a parser of structured fields reads, whatever it looks like", () => {
    const pieces = fc.constantFrom(
      '"a"',
      '"',
      "\\",
      ",",
      ", ",
      ";",
      ";x",
      "; y=1",
      '="z"',
      " ",
      "\t",
      "1",
      "a",
      "?1",
    );

    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        expect(parseStringList(parts.join(""))).toEqual(expected(parts.join("")));
      }),
      { numRuns: 1000 },
    );
  });

  it("has each member once", () => {
    expect(parseStringList('"a", "b";x, "a"')).toEqual(["a", "b"]);
  });
});
