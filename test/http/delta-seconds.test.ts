import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDeltaSeconds } from "../../src/http/delta-seconds.ts";

describe("delta-seconds", () => {
  it.each(["", "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "1\n", "Infinity", "١"])(
    "are not %j",
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
