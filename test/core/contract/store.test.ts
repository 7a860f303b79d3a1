import { describe, expect, it } from "vitest";
import { headOf } from "../../../src/index.ts";
import { entryOf } from "../../support/entry.ts";

describe("the head of an entry", () => {
  it("has all members but the body, and the length of that", () => {
    const entry = entryOf({ key: "k", body: new Uint8Array(3) });

    const { body: _body, ...others } = entry;

    expect(headOf(entry)).toEqual({ ...others, length: 3 });
  });

  it("is the same object each time, since the core remembers by it", () => {
    const entry = entryOf();

    const first = headOf(entry);

    expect(headOf(entry)).toBe(first);
    expect(headOf({ ...entry })).not.toBe(first);
  });
});
