import { expect } from "vitest";

/** Matches a `CacheError` with this code whose message has these words, in this order. */
export function refused(code: string, ...words: readonly string[]): unknown {
  return expect.objectContaining({
    name: "CacheError",
    code,
    message: expect.stringMatching(
      new RegExp(words.map((word) => word.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&")).join(".*")),
    ),
  });
}
