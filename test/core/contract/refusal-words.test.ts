import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../../../src/core/contract/refusal-words.ts";
import type { Refusal } from "../../../src/index.ts";

/** The members of the closed list `Refusal`. */
function refusals(): readonly Refusal[] {
  const source = readFileSync(new URL("../../../src/core/contract/outcomes.ts", import.meta.url), "utf8");
  const [, members] = /export type Refusal =([^;]+);/.exec(source)!;
  return Array.from(members!.matchAll(/"([a-z-]+)"/g), ([, word]) => word as Refusal);
}

describe("the words of a refusal", () => {
  it("are absent only where the refusal is nobody's mistake", () => {
    expect(refusals().filter((reason) => wordsOf(reason) === undefined)).toEqual([
      "disabled",
      "store-false",
      "upgrade",
      "head",
      "purged",
      "timeout",
      "aborted",
    ]);
  });

  it("are what was in the way and a remedy, as parts of a sentence", () => {
    const words = refusals().flatMap((reason) => wordsOf(reason) ?? []);

    expect(words.length).toBeGreaterThan(30);
    expect(words.filter((text) => !/^[a-z'][^\n]*[^.\s]$/.test(text))).toEqual([]);
  });

  it("of a failure tell that a function of the route may have failed", () => {
    expect(wordsOf("failed")?.[0]).toBe(
      "its handler failed, or a function of the route (ttl, tags, clientCacheControl) did",
    );
  });

  it("are those of one reason", () => {
    expect(wordsOf("expired")).toEqual([
      "its lifetime is 0",
      "give the route a ttl above 0, or the response a max-age",
    ]);
  });
});
