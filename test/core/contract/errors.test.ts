import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

function matches(path: string, pattern: RegExp): readonly string[] {
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
  return Array.from(text.matchAll(pattern), ([, code]) => code!).toSorted();
}

describe("the codes of errors", () => {
  it("each have a section in docs/errors.md, and each section has its code", () => {
    const codes = matches("src/core/contract/errors.ts", /^ {2}\| "(ERR_[A-Z_]+)"/gm);

    expect(matches("docs/errors.md", /^## `?(ERR_[A-Z_]+)`?$/gm)).toEqual(codes);
    expect(codes.length).toBeGreaterThan(10);
  });
});
