import { describe, expect, it } from "vitest";
import { parseAge } from "../../src/http/delta-seconds.ts";

describe("Age", () => {
  it("is none where the field is absent", () => {
    expect(parseAge(undefined)).toBeUndefined();
  });

  it.each([
    ["0", 0],
    ["17", 17],
    [" 17\t", 17],
    ["007", 7],
    ["99999999999999999999", 2 ** 31],
  ])("%j is %d seconds", (text, seconds) => {
    expect(parseAge(text)).toBe(seconds);
  });

  it.each([
    [""],
    ["-1"],
    ["+1"],
    ["1.5"],
    ["1e3"],
    ["0x10"],
    ["1, 2"],
    ["1;a=b"],
    ['"1"'],
    ["NaN"],
    [["1", "1"]],
    [[]],
  ])("%j is unknown, and so endless", (value) => {
    expect(parseAge(value)).toBe(Infinity);
  });
});
