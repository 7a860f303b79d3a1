import { describe, expect, it } from "vitest";
import { headOf, memoryStore } from "../../src/index.ts";
import type { Look } from "../../src/index.ts";
import { bytesStore, chaosStore, corruptions, testClock } from "../../src/testing/index.ts";
import { entryOf } from "../support/entry.ts";

describe("a chaos store", () => {
  it("does what its store does while it is calm, and at once where that does", () => {
    const store = chaosStore(memoryStore());

    const [kept, found] = [store.set(anEntry), store.get("a", () => "v", look)];

    expect(kept).toBe(true);
    expect(found).toEqual(aRead);
    expect(store.stats()).toMatchObject({ entries: 1 });
    expect(store.delete("a", 7)).toBe(1);
    expect(store.clear()).toBeUndefined();
  });

  it("logs how it was called", () => {
    const store = chaosStore(memoryStore());

    void store.set(anEntry);
    void store.get("a", () => "v", look);
    void store.delete("a", 7);
    void store.clear();

    expect(store.log).toEqual([
      { operation: "set", key: "a", entry: anEntry },
      { operation: "get", key: "a", look },
      { operation: "delete", key: "a", position: 7 },
      { operation: "clear", key: "" },
    ]);
    expect([store.count("get"), store.count("marks.read")]).toEqual([1, 0]);
  });

  it("throws where it is told to, and only there", () => {
    const store = chaosStore(memoryStore(), { mode: "throw", only: ["set"] });

    expect(() => store.set(anEntry)).toThrow(/chaos\(memory\): "set" fails/);
    expect(store.get("a", () => "v", look)).toBeUndefined();
  });

  it("rejects where it is told to", async () => {
    const store = chaosStore(memoryStore(), { mode: "reject" });

    await expect(store.delete("a", 7)).rejects.toThrow(/"delete" fails/);
  });

  it("returns late, by its clock", async () => {
    const clock = testClock();
    const store = chaosStore(memoryStore(), { clock, delayMs: 100 });
    void store.set(anEntry);
    store.mode = "slow";

    const found = store.get("a", () => "v", look);
    clock.advance(0.1);

    await expect(found).resolves.toEqual(aRead);
  });

  it("passes on a late error of its store", async () => {
    const clock = testClock();
    const store = chaosStore(chaosStore(memoryStore(), { mode: "throw" }), { clock, mode: "slow" });

    const found = store.get("a", () => "v", look);
    clock.advance(1);

    await expect(found).rejects.toThrow(/fails/);
  });

  it("never returns where it hangs", async () => {
    const store = chaosStore(memoryStore(), { mode: "hang" });

    const first = await Promise.race([store.get("a", () => "v", look), Promise.resolve("nothing yet")]);

    expect(first).toBe("nothing yet");
  });

  it("loses what is written", () => {
    const store = chaosStore(memoryStore());
    void store.set(anEntry);
    store.mode = "lose";

    void store.set({ ...anEntry, key: "b" });
    const deleted = store.delete("a", 7);
    void store.clear();
    store.mode = "calm";

    expect(deleted).toBe(0);
    expect(store.get("a", () => "v", look)).toEqual(aRead);
    expect(store.get("b", () => "v", look)).toBeUndefined();
  });

  it("alters what is read, in an asynchronous store, too", async () => {
    const store = chaosStore(bytesStore(), { mode: "corrupt" });
    await store.set(anEntry);

    expect(await store.get("a", () => "v", look)).toMatchObject({ head: { key: "a/another" } });
    store.corruption = corruptions["another variant"];
    expect(await store.get("a", () => "v", look)).toMatchObject({ head: { variant: "vanother" } });
    expect(await store.get("b", () => "v", look)).toBeUndefined();
  });

  it("alters no more of a head without its body than there is", async () => {
    const store = chaosStore(bytesStore(), { mode: "corrupt" });
    await store.set(anEntry);

    const found = await store.get("a", () => "v", { likely: [], body: false });

    expect(found).toMatchObject({ vary: [], head: { key: "a/another", length: 1 } });
    expect(found).not.toHaveProperty("body");
  });

  it("has marks and leases where its store has them, and logs their calls", async () => {
    const store = chaosStore(bytesStore({ shared: true }));

    const last = await store.marks!.add(["t|a"], 5);
    const marks = await store.marks!.read(last);
    const taken = await store.leases!.acquire("a", "1", 60_000);
    const renewed = await store.leases!.renew("a", "1", 60_000);
    await store.leases!.release("a", "1", { alone: 60_000 });

    expect([marks, taken, renewed]).toEqual([[{ name: "t|a", position: last }], "mine", true]);
    expect(await store.leases!.acquire("a", "2", 1)).toBe("alone");
    expect(store.log.slice(0, 3)).toEqual([
      { operation: "marks.add", key: "", position: 5, names: ["t|a"] },
      { operation: "marks.read", key: "", position: last },
      { operation: "leases.acquire", key: "a" },
    ]);
    expect([store.count("leases.renew"), store.count("leases.release")]).toEqual([1, 1]);
    expect(chaosStore(memoryStore()).marks).toBeUndefined();
    expect(store.marks?.fullPage).toBe(1000);
    expect(chaosStore(memoryStore()).leases).toBeUndefined();
  });

  it("fails where marks are read, and only there, if it is told to", async () => {
    const store = chaosStore(bytesStore({ shared: true }), { mode: "reject", only: ["marks.read"] });

    await expect(store.marks!.read(0)).rejects.toThrow(/"marks.read" fails/);
    await expect(store.marks!.add([], 0)).resolves.toBeGreaterThan(0);
  });

  it("loses marks that are added and leases that are taken, and says that all is well", async () => {
    const inner = bytesStore({ shared: true });
    const store = chaosStore(inner, { mode: "lose" });

    const last = await store.marks!.add(["t|a"], 5);
    const leases = [
      await store.leases!.acquire("a", "1", 60_000),
      await store.leases!.renew("a", "1", 60_000),
      await store.leases!.release("a", "1"),
      await inner.leases!.acquire("a", "2", 60_000),
    ];

    expect([last, await store.marks!.read(0)]).toEqual([6, []]);
    expect(leases).toEqual(["mine", true, undefined, "mine"]);
  });

  it("has no stats where its store has none", () => {
    expect(chaosStore(bytesStore()).stats()).toEqual({ entries: 0, bytes: 0, evictions: 0 });
  });
});

const look: Look = { likely: [], body: true };
const anEntry = entryOf({ variant: "v", body: new Uint8Array([1]) });
const aRead = { vary: [], head: headOf(anEntry), body: anEntry.body };
