import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/index.ts";
import { fill, kept, numbered, read } from "../support.ts";

describe("the entry that the memory store evicts", () => {
  it("is the oldest that was never asked for", () => {
    const store = memoryStore({ maxEntries: 3 });
    fill(store, ["a", "b", "c"]);
    read(store, "a");

    fill(store, ["d"]);

    expect(kept(store, ["a", "b", "c", "d"])).toEqual(["a", "c", "d"]);
  });

  it("is the last one stored, rather than one that was asked for earlier", () => {
    const store = memoryStore({ maxEntries: 2 });
    fill(store, ["a", "b"]);
    read(store, "a");
    read(store, "b");

    fill(store, ["c", "d", "e"]);

    expect(kept(store, ["a", "b", "c", "d", "e"])).toEqual(["b", "e"]);
  });

  it("is never the newcomer", () => {
    const store = memoryStore({ maxEntries: 1 });

    fill(store, ["a"]);
    read(store, "a");
    fill(store, ["b"]);

    expect(kept(store, ["a", "b"])).toEqual(["b"]);
  });

  it("is the first that was not asked for since, among those that were asked for before", () => {
    const store = memoryStore({ maxEntries: 3 });
    fill(store, ["a", "b", "c"]);
    ["a", "b", "c"].forEach((key) => read(store, key));
    fill(store, ["d"]);
    ["b", "d"].forEach((key) => read(store, key));

    fill(store, ["e"]);

    expect(kept(store, ["a", "b", "c", "d", "e"])).toEqual(["b", "d", "e"]);
  });

  it("may be one that was asked for a thousand times, once nobody asks any more", () => {
    const store = memoryStore({ maxEntries: 2 });
    fill(store, ["a", "b"]);
    ["a", "b"].forEach((key) => read(store, key));
    fill(store, ["c"]);
    numbered("hit", 1000).forEach(() => read(store, "b"));

    numbered("k", 5).forEach((key) => {
      fill(store, [key]);
      read(store, key);
    });

    expect(kept(store, ["a", "b"])).toEqual([]);
  });

  it("is not one that is stored again soon after it was evicted", () => {
    const store = memoryStore({ maxEntries: 4 });
    fill(store, ["a", "b", "c", "d", "e"]);
    fill(store, ["a"]);

    fill(store, ["f", "g", "h", "i"]);

    expect(kept(store, ["a", "f", "g", "h", "i"])).toEqual(["a", "g", "h", "i"]);
  });

  it("is not one that was asked for before it was replaced", () => {
    const store = memoryStore({ maxEntries: 2 });
    fill(store, ["a", "b"]);
    read(store, "a");
    fill(store, ["a"]);

    fill(store, ["c", "d"]);

    expect(kept(store, ["a", "b", "c", "d"])).toEqual(["a", "d"]);
  });

  it("does not depend on what was evicted before a clear", () => {
    const store = memoryStore({ maxEntries: 2 });
    fill(store, ["a", "b", "c"]);
    void store.clear();

    fill(store, ["a", "b", "c"]);

    expect(kept(store, ["a", "b", "c"])).toEqual(["b", "c"]);
  });

  it("is found where all entries were asked for: a thousand keys in a thousand places", () => {
    const store = memoryStore({ maxEntries: 1000 });
    const keys = numbered("k", 1000);
    fill(store, keys);
    numbered("hit", 5).forEach(() => kept(store, keys));

    fill(store, numbered("new", 1000));

    expect(store.stats!()).toMatchObject({ entries: 1000, evictions: 1000 });
  });
});
