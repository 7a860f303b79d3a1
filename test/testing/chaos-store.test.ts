import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import { bytesStore, chaosStore, corruptions, testClock } from "../../src/testing/index.ts";
import { entryOf } from "../support/entry.ts";

describe("a chaos store", () => {
  it("does what its store does while it is calm, and at once where that does", () => {
    const store = chaosStore(memoryStore());

    const [kept, found] = [store.set(anEntry), store.get("a", () => "v")];

    expect(kept).toBe(true);
    expect(found).toBe(anEntry);
    expect(store.stats()).toMatchObject({ entries: 1 });
    expect(store.delete("a")).toBe(1);
    expect(store.clear()).toBeUndefined();
  });

  it("logs how it was called", () => {
    const store = chaosStore(memoryStore());

    void store.set(anEntry);
    void store.get("a", () => "v");
    void store.clear();

    expect(store.log).toEqual([
      { operation: "set", key: "a", entry: anEntry },
      { operation: "get", key: "a" },
      { operation: "clear", key: "" },
    ]);
    expect([store.count("get"), store.count("delete")]).toEqual([1, 0]);
  });

  it("throws where it is told to, and only there", () => {
    const store = chaosStore(memoryStore(), { mode: "throw", only: ["set"] });

    expect(() => store.set(anEntry)).toThrow(/chaos\(memory\): "set" fails/);
    expect(store.get("a", () => "v")).toBeUndefined();
  });

  it("rejects where it is told to", async () => {
    const store = chaosStore(memoryStore(), { mode: "reject" });

    await expect(store.delete("a")).rejects.toThrow(/"delete" fails/);
  });

  it("returns late, by its clock", async () => {
    const clock = testClock();
    const store = chaosStore(memoryStore(), { clock, delayMs: 100 });
    void store.set(anEntry);
    store.mode = "slow";

    const found = store.get("a", () => "v");
    clock.advance(0.1);

    await expect(found).resolves.toBe(anEntry);
  });

  it("passes on a late error of its store", async () => {
    const clock = testClock();
    const store = chaosStore(chaosStore(memoryStore(), { mode: "throw" }), { clock, mode: "slow" });

    const found = store.get("a", () => "v");
    clock.advance(1);

    await expect(found).rejects.toThrow(/fails/);
  });

  it("never returns where it hangs", async () => {
    const store = chaosStore(memoryStore(), { mode: "hang" });

    const first = await Promise.race([store.get("a", () => "v"), Promise.resolve("nothing yet")]);

    expect(first).toBe("nothing yet");
  });

  it("loses what is written", () => {
    const store = chaosStore(memoryStore());
    void store.set(anEntry);
    store.mode = "lose";

    void store.set({ ...anEntry, key: "b" });
    const deleted = store.delete("a");
    void store.clear();
    store.mode = "calm";

    expect(deleted).toBe(0);
    expect(store.get("a", () => "v")).toBe(anEntry);
    expect(store.get("b", () => "v")).toBeUndefined();
  });

  it("alters what is read, in an asynchronous store, too", async () => {
    const store = chaosStore(bytesStore(), { mode: "corrupt" });
    await store.set(anEntry);

    expect(await store.get("a", () => "v")).toMatchObject({ key: "a/another" });
    store.corruption = corruptions["another variant"];
    expect(await store.get("a", () => "v")).toMatchObject({ variant: "vanother" });
    expect(await store.get("b", () => "v")).toBeUndefined();
  });

  it("has no stats where its store has none", () => {
    expect(chaosStore(bytesStore()).stats()).toEqual({ entries: 0, bytes: 0, evictions: 0 });
  });
});

const anEntry = entryOf({ variant: "v", body: new Uint8Array([1]) });
