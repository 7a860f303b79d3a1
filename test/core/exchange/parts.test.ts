import { describe, expect, it } from "vitest";
import { asyncStore, answer, fillOf, kitOf, textOf } from "../../support/kit.ts";
import type { Kit } from "../../support/kit.ts";

/** A response under the key `k`, whose removal from the store never ends. */
async function removing(): Promise<Kit> {
  const store = { ...asyncStore(), delete: () => new Promise<number>(() => undefined) };
  const kit = kitOf({ cache: { store, storeTimeout: 60 }, route: { key: () => "k", tags: ["t"] } });
  answer(fillOf(await kit.begin()), { body: "purged" });
  return kit;
}

describe("what has been purged is a miss, though the store still returns it", () => {
  it("for a request while it is being removed", async () => {
    const kit = await removing();
    void kit.cache.invalidate("k");

    expect((await kit.begin()).kind).toBe("fill");
  });

  it("for cache.get while it is being removed", async () => {
    const kit = await removing();
    const before = await kit.cache.get("k");
    void kit.cache.invalidate("k");

    expect(before && textOf({ ...before, body: before.body })).toBe("purged");
    expect(await kit.cache.get("k")).toBeUndefined();
  });

  it("for a request and for cache.get once its tag was invalidated", async () => {
    const kit = await removing();
    await kit.cache.invalidate({ tag: "t" });

    expect([(await kit.begin()).kind, await kit.cache.get("k")]).toEqual(["fill", undefined]);
  });
});
