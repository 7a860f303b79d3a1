import * as fc from "fast-check";
import { parseDictionary as parseReference, parseList, serializeList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { parseDictionary, parseStringList } from "../../src/http/structured-fields.ts";

function keysOf(parse: (text: string) => ReadonlyMap<string, unknown>, text: string): unknown {
  try {
    return [...parse(text).keys()];
  } catch {
    return undefined;
  }
}

function own(text: string): unknown {
  const members = parseDictionary(text);
  return members && [...members.keys()];
}

/** Fragments from which nearly well-formed dictionaries are made. */
const fragment = fc.constantFrom(
  ..."a|max-age|*|A|=|=|,|, |;|; | |\t|1|-1|1.5|1.|.5|?1|?0|?2|(|)|(a b)|@1|@-1|:YQ==:|:|tok|/|#|é|\u0000".split(
    "|",
  ),
  ...'"x"|"\\""|"|("x" 1)|%"f%c3%bc"|%"%ff"|%"%C3"|1234567890123456|no-store'.split("|"),
);

describe("a structured dictionary", () => {
  it.each<[string, [string, string | true][]]>([
    ["", []],
    ["   ", []],
    ["a", [["a", true]]],
    ["a=1", [["a", "1"]]],
    ["  a=1  ", [["a", "1"]]],
    [
      "a=1,b ,\tc",
      [
        ["a", "1"],
        ["b", true],
        ["c", true],
      ],
    ],
    ['a="x, y=1"', [["a", '"x, y=1"']]],
    [
      'a=1;p="x,y";q;r=?0, b',
      [
        ["a", "1"],
        ["b", true],
      ],
    ],
    ["a;p", [["a", true]]],
    [
      "a=(1 2);p, b",
      [
        ["a", "(1 2)"],
        ["b", true],
      ],
    ],
    ["a=()", [["a", "()"]]],
    ["a=( x;p=1  y )", [["a", "( x;p=1  y )"]]],
    ["*k.-_=tok/x:y", [["*k.-_", "tok/x:y"]]],
    ["a=@1659578233", [["a", "@1659578233"]]],
    ['a=%"f%c3%bc"', [["a", '%"f%c3%bc"']]],
    ["a=:aGk=:", [["a", ":aGk=:"]]],
    ["a=-1.5", [["a", "-1.5"]]],
    ["__proto__=1", []],
  ])("is read member by member: %j", (text, members) => {
    expect([...(parseDictionary(text) ?? [])]).toEqual(members);
  });

  it("has the last of several members with one key", () => {
    expect([...(parseDictionary("a=1, b, a=2") ?? [])]).toEqual([
      ["a", "2"],
      ["b", true],
    ]);
  });

  it.each([
    ["A=1"],
    ["1=a"],
    ["a=1,"],
    ["a=1, ,b"],
    [",a"],
    ["a b"],
    ["a =1"],
    ["a= 1"],
    ["a="],
    ['a="x'],
    ['a="\u00e9"'],
    ["a=1."],
    ["a=1.2345"],
    ["a=1234567890123456"],
    ["a=1;P=1"],
    ["a=1;"],
    ["a;p= 1"],
    ["a=(1 2"],
    ["a=(1,2)"],
    ['a=("x""y")'],
    ["a=((1))"],
    ["a=?2"],
    ["a=@1.5"],
    ['a=%"%ff"'],
    ['a=%"%C3%BC"'],
    ["a=1\r\nb"],
    ["\ta"],
    ["{}"],
  ])("is invalid as a whole: %j", (text) => {
    expect(parseDictionary(text)).toBeUndefined();
  });

  it("is read as another parser reads it", () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        const text = fragments.join("");

        expect(own(text)).toEqual(keysOf(parseReference, text));
      }),
      { numRuns: 5000 },
    );
  });

  it("is read in time that grows with its length alone", () => {
    const hostile = ["a=(", "a;p=1;", 'a="\\"', "a, ", 'a=%"%c3', "a=:AAAA"].map((text) =>
      text.repeat(20_000),
    );

    expect(hostile.map((text) => parseDictionary(text))).toEqual(hostile.map(() => undefined));
  });
});

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

/** The result of another parser of structured fields, if all members are strings. */
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

  it("is read as another parser of structured fields reads it", () => {
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
