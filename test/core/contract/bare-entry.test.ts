import { describe, expect, it } from "vitest";
import { isBare, rememberAs, rememberedAs } from "../../../src/core/contract/bare-entry.ts";
import { entryOf } from "../../support/entry.ts";

describe("an entry", () => {
  it("is bare where only its head was read, whatever its length", () => {
    const entry = entryOf();

    expect([
      isBare(entry),
      isBare({ ...entry, length: 0 } as never),
      isBare({ ...entry, length: 7 } as never),
    ]).toEqual([false, true, true]);
  });

  it("is remembered by itself, or by the bare one with its head", () => {
    const [entry, again] = [entryOf(), entryOf()];
    const bare = { ...entry, length: 7 };
    rememberAs(again, bare);

    expect(rememberedAs(entry)).toBe(entry);
    expect(rememberedAs(again)).toBe(bare);
    expect(rememberedAs({ ...again })).not.toBe(bare);
  });
});
