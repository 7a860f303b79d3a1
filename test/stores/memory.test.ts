import { describe, expect, it } from "vitest";
import { headOf, memoryStore } from "../../src/index.ts";
import type { Read } from "../../src/index.ts";
import { storeContract } from "../../src/testing/index.ts";
import { entryOf, fill, kept, numbered, read } from "./support.ts";

const checks = storeContract(() => memoryStore()).map(({ name, run }) => [name, run] as const);

describe("the memory store", () => {
  it.each(checks)("passes the store contract: %s", async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe("the memory store", () => {
  it("returns at once, with the bytes that it was given", () => {
    const store = memoryStore();
    const entry = entryOf("a");

    const [kept, found] = [store.set(entry), store.get("a", () => "", { likely: [], body: true })];

    expect(kept).toBe(true);
    expect(found).toEqual({ vary: [], head: headOf(entry), body: entry.body });
    expect((found as Read).body).toBe(entry.body);
    expect([store.delete("a", 0), store.clear()]).toEqual([1, undefined]);
  });

  it("stays within its bytes, whatever comes", () => {
    const store = memoryStore({ maxBytes: 100_000 });

    fill(store, numbered("k", 500));

    const { bytes, entries, evictions } = store.stats!();
    expect(bytes).toBeLessThanOrEqual(100_000);
    expect(bytes).toBeGreaterThan(90_000);
    expect(entries + evictions).toBe(500);
  });

  it("counts keys, variants, fields and contents among its bytes", () => {
    const weigh = (entry: ReturnType<typeof entryOf>): number => {
      const store = memoryStore();
      void store.set(entry);
      return store.stats!().bytes;
    };
    const plain = weigh(entryOf("a"));

    expect(weigh(entryOf("a".repeat(1001)))).toBeGreaterThanOrEqual(plain + 1000);
    expect(weigh(entryOf("a", { variant: "v".repeat(1000) }))).toBeGreaterThanOrEqual(plain + 1000);
    expect(weigh(entryOf("a", { body: new Uint8Array(100_010) }))).toBeGreaterThanOrEqual(plain + 99_990);
    expect(weigh(entryOf("a", { fields: [["link", ["x".repeat(500), "y".repeat(500)]]] }))).toBeGreaterThan(
      plain + 950,
    );
  });

  it("stays within its count", () => {
    const store = memoryStore({ maxEntries: 3 });

    fill(store, ["a", "b", "c", "d", "e"]);

    expect(kept(store, ["a", "b", "c", "d", "e"])).toEqual(["c", "d", "e"]);
    expect(store.stats!()).toMatchObject({ entries: 3, evictions: 2 });
  });

  it("keeps no more variants of a resource than it may, and evicts the oldest", () => {
    const store = memoryStore({ maxVariants: 2 });

    void store.set(entryOf("a", { variant: "1" }));
    void store.set(entryOf("a", { variant: "2" }));
    void store.set(entryOf("a", { variant: "3" }));

    expect([read(store, "a", "1"), read(store, "a", "2"), read(store, "a", "3")].map(Boolean)).toEqual([
      false,
      true,
      true,
    ]);
    expect(store.stats!()).toMatchObject({ entries: 2, evictions: 1 });
  });

  it("caps variants at 256 by default", () => {
    const store = memoryStore();

    numbered("v", 300).forEach((variant) => void store.set(entryOf("a", { variant })));

    expect(store.stats!()).toMatchObject({ entries: 256, evictions: 44 });
  });

  it("keeps no entry that is larger than the whole store, and evicts nothing for it", () => {
    const store = memoryStore({ maxBytes: 10_000 });
    fill(store, ["a", "b"]);

    void store.set(entryOf("large", { body: new Uint8Array(10_000) }));

    expect(kept(store, ["a", "b", "large"])).toEqual(["a", "b"]);
    expect(store.stats!().evictions).toBe(0);
  });

  it("forgets the entry that one too large would have replaced, which is no longer true", () => {
    const store = memoryStore({ maxBytes: 10_000 });
    fill(store, ["a"]);

    void store.set(entryOf("a", { body: new Uint8Array(10_000) }));

    expect(kept(store, ["a"])).toEqual([]);
    expect(store.stats!()).toEqual({ entries: 0, bytes: 0, evictions: 0 });
  });

  it("frees the room of entries that are replaced, deleted or cleared", () => {
    const store = memoryStore();
    fill(store, ["a"]);
    const { bytes } = store.stats!();

    fill(store, ["a", "b"]);
    expect(store.stats!()).toEqual({ entries: 2, bytes: 2 * bytes, evictions: 0 });
    void store.delete("a", 0);
    expect(store.stats!()).toEqual({ entries: 1, bytes, evictions: 0 });
    void store.clear();
    expect(store.stats!()).toEqual({ entries: 0, bytes: 0, evictions: 0 });
  });

  it.each(["maxBytes", "maxEntries", "maxVariants"])(
    "refuses a %s that is not a whole number above 0",
    (name) => {
      expect(() => memoryStore({ [name]: 0 })).toThrow(/ERR_CACHE_OPTION_INVALID/);
      expect(() => memoryStore({ [name]: 1.5 })).toThrow(/write a whole number above 0/);
      expect(() => memoryStore({ [name]: Infinity })).not.toThrow();
    },
  );
});
