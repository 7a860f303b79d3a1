import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJson, parseExactJson } from "../../src/http/json.ts";

describe("a JSON text", () => {
  it.each<[string, unknown]>([
    ['{"a": [1, -2.50, 1e3], "b": {"c": null}}', { a: [1, -2.5, 1000], b: { c: null } }],
    ["null", null],
    ['"a:1 {"', "a:1 {"],
    ["[0.00, -0, 0]", [0, -0, 0]],
    ["123456789012345", 123_456_789_012_345],
    ['{"a:1": 1}', { "a:1": 1 }],
    [String.raw`{"\"": "\\"}`, { '"': "\\" }],
  ])("is read where every parser reads it alike: %s", (text, value) => {
    expect(parseExactJson(text)).toEqual({ value });
  });

  it.each([
    "",
    "{",
    "{'a': 1}",
    "undefined",
    '{"a": 1, "a": 1}',
    String.raw`{"a": 1, "\u0061": 2}`,
    '[{"b": {"a": 1, "a": 2}}]',
    "1234567890123456",
    "0.1234567890123456",
    "1e400",
    "1e-400",
    "1e-310",
  ])(
    "is refused where it is malformed, repeats a name, or has a number that a double cannot hold: %s",
    (text) => {
      expect(parseExactJson(text)).toBeUndefined();
    },
  );

  it("is refused where it is nested more than a hundred levels deep", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

    expect([parseExactJson(nested(100)) === undefined, parseExactJson(nested(101))]).toEqual([
      false,
      undefined,
    ]);
  });

  it("is read as the value that it was written from", () => {
    const leaves = [fc.integer(), fc.string(), fc.boolean(), fc.constant(null)];
    fc.assert(
      fc.property(fc.object({ values: leaves, maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);

        expect(JSON.stringify(parseExactJson(text)?.value)).toBe(text);
      }),
    );
  });
});

describe("a media type", () => {
  it.each([
    "application/json",
    "Application/JSON; charset=UTF-8",
    'application/json;charset="utf-8"',
    "application/problem+json",
    "application/vnd.api+json; ext=a",
  ])("is JSON in UTF-8: %s", (type) => {
    expect(isJson(type)).toBe(true);
  });

  it.each([
    "",
    "text/plain",
    "application/jsonp",
    "application/json; charset=latin1",
    "application/json; charset=utf-8; charset=utf-16",
    "text/json-seq",
    "+json",
  ])("is not JSON in UTF-8: %j", (type) => {
    expect(isJson(type)).toBe(false);
  });
});
