import { describe, expect, it } from "vitest";
import { isBare } from "../../../src/core/contract/bare-entry.ts";
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
});
