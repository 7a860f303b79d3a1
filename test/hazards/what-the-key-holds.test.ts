import { describe, expect, it } from "vitest";
import { bypassOf, kitOf, textOf } from "../core/support.ts";

describe("what the key does not hold", () => {
  it.each([
    ["a length", { headers: { "content-length": "6" } }],
    ["a transfer coding", { headers: { "transfer-encoding": "chunked" } }],
    ["a length that is no number", { headers: { "content-length": "6, 6" } }],
    ["a stream that has not ended", { content: "q=EVIL" }],
  ] as const)("38: a GET or HEAD with content is neither looked up nor stored: %s", (_, asked) => {
    const { ask, now, cache } = kitOf();

    const reasons = ["GET", "HEAD"].map((method) => bypassOf(now({ ...asked, method })).reason);
    ask({}, { body: "found cats" });

    expect([reasons, cache.stats().stored, textOf(ask())]).toEqual([["content", "content"], 1, "found cats"]);
  });
});
