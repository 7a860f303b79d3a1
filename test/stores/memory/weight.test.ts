import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/index.ts";
import type { Entry } from "../../../src/index.ts";
import { weigh } from "../../../src/stores/memory/weight.ts";
import { entryOf } from "../support.ts";

/** By how much an entry weighs more with these members. */
function more(members: Partial<Entry>): number {
  const entry = { ...entryOf("a"), body: new Uint8Array() };
  return weigh({ ...entry, ...members }) - weigh(entry);
}

describe("the weight of an entry", () => {
  it("counts two bytes for each character of a key that the engine keeps in two", () => {
    const weighed = (key: string): number => {
      const store = memoryStore();
      void store.set(entryOf(key));
      return store.stats?.().bytes ?? 0;
    };
    const none = weighed("");

    expect([weighed("a".repeat(1000)) - none, weighed("é".repeat(1000)) - none]).toEqual([1000, 1000]);
    expect([weighed("Ж".repeat(1000)) - none, weighed(`${"a".repeat(999)}Ж`) - none]).toEqual([2000, 2000]);
  });

  it("counts content twice where it is small enough to be kept as text, too", () => {
    expect([more({ body: new Uint8Array(8192) }), more({ body: new Uint8Array(8193) })]).toEqual([
      16_384, 8193,
    ]);
  });

  it("counts each line of a field", () => {
    const one = more({ fields: [...entryOf("a").fields, ["link", "<a>"]] });
    const two = more({ fields: [...entryOf("a").fields, ["link", ["<a>", "<b>"]]] });

    expect([one, two - one]).toEqual([4 + 64 + 3 + 24, 3 + 24]);
  });

  it("counts names, and the names of fields that were removed or added to", () => {
    expect([more({ names: ["users"] }), more({ making: { removed: ["x-a"], added: ["vary"] } })]).toEqual([
      5 + 24,
      3 + 24 + 4 + 24,
    ]);
  });
});
