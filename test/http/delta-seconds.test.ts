import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAge, parseDeltaSeconds } from "../../src/http/delta-seconds.ts";

describe("delta-seconds", () => {
  it.each(["", "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "1\n", "Infinity", "١"])(
    "are not written as %j",
    (text) => {
      expect(parseDeltaSeconds(text)).toBeUndefined();
    },
  );

  it("may have leading zeros", () => {
    expect(parseDeltaSeconds("0060")).toBe(60);
  });

  it("are at most 2^31, however many digits are sent", () => {
    expect(parseDeltaSeconds("9".repeat(10_000))).toBe(2 ** 31);
  });

  it("are the number up to 2^31, and 2^31 past it", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 70n }), (seconds) => {
        const expected = seconds > 2n ** 31n ? 2n ** 31n : seconds;
        expect(parseDeltaSeconds(String(seconds))).toBe(Number(expected));
      }),
    );
  });
});

describe("Age", () => {
  it("is undefined where the field is absent", () => {
    expect(parseAge(undefined)).toBeUndefined();
  });

  it.each([
    ["0", 0],
    ["17", 17],
    [" 17\t", 17],
    ["007", 7],
    ["99999999999999999999", 2 ** 31],
  ])("is read in seconds: %j is %d", (text, seconds) => {
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
  ])("is endless where it cannot be read: %j", (value) => {
    expect(parseAge(value)).toBe(Infinity);
  });
});
