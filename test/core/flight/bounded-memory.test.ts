import { describe, expect, it } from "vitest";
import { BoundedMemory } from "../../../src/core/flight/bounded-memory.ts";
import { platformDigest } from "../../../src/platform.ts";

const LONG = "x".repeat(513);

describe("a bounded memory", () => {
  it("forgets the key that was set longest ago", () => {
    const memory = new BoundedMemory<number>(undefined, 2);
    ["a", "b", "a", "c"].forEach((key, at) => memory.set(key, at));

    expect(["a", "b", "c"].map((key) => memory.get(key))).toEqual([2, undefined, 3]);
  });

  it("remembers long keys by their digest, apart from each other", () => {
    const memory = new BoundedMemory<number>(platformDigest(new Uint8Array()));
    memory.set(LONG, 1);

    expect([memory.get(LONG), memory.get(`${LONG}y`)]).toEqual([1, undefined]);
  });

  it("remembers no long key without a digest", () => {
    const memory = new BoundedMemory<number>(undefined);
    memory.set(LONG, 1);
    memory.set("x".repeat(512), 2);

    expect([memory.get(LONG), memory.get("x".repeat(512))]).toEqual([undefined, 2]);
  });

  it("forgets one key, or all", () => {
    const memory = new BoundedMemory<number>(undefined);
    ["a", "b", "c"].forEach((key, at) => memory.set(key, at));
    memory.delete("a");
    const left = ["a", "b"].map((key) => memory.get(key));

    memory.clear();

    expect([left, memory.get("b"), memory.get("c")]).toEqual([[undefined, 1], undefined, undefined]);
  });
});
