import assert from "node:assert/strict";
import type { ChooseVariant, Entry } from "../../index.ts";
import { AT, assertHead, assertNoVariant, assertRead, bytesOf, entryOf, read } from "./sample.ts";
import type { StoreScenario, StoreScenarios } from "./sample.ts";

/** What a lookup guesses, and what it needs. */
export const lookups: StoreScenarios = {
  "get returns the right variant where the vary list was guessed right": guessing(["accept", "x-tenant"]),
  "get returns the right variant where the vary list was guessed wrong": guessing(["cookie"]),
  "get returns the right variant where the vary list was guessed in another order": guessing([
    "x-tenant",
    "accept",
  ]),
  "get returns the right variant where nothing was guessed": guessing([]),

  "get returns undefined for a resource that was never set, whatever was guessed": async (store, key) => {
    for (const likely of [[], ["accept"]])
      assert.equal(await store.get(key("a"), named, { likely, body: true }), undefined);
  },

  "get returns the vary list alone for a variant that was never set, whatever was guessed": async (
    store,
    key,
  ) => {
    await store.set(entryOf(key("a"), { vary: ["accept"], variant: "another" }));
    for (const likely of [[], ["accept"], ["cookie"]])
      assertNoVariant(await store.get(key("a"), named, { likely, body: true }), ["accept"]);
  },

  "get returns no variant of an earlier vary list that is still guessed": async (store, key) => {
    const [earlier, later] = [["accept"], ["cookie"]].map((vary) => variantOf(key("a"), vary));
    await store.set(earlier as Entry);
    await store.set(later as Entry);
    assertRead(await store.get(key("a"), named, { likely: ["accept"], body: true }), later as Entry);
    await store.delete(key("a"), AT);
    assert.equal(await store.get(key("a"), named, { likely: ["cookie"], body: true }), undefined);
  },

  "get without a body returns the right head, and no wrong body": async (store, key) => {
    const entry = variantOf(key("a"), ["accept"]);
    await store.set(entry);
    for (const likely of [["accept"], ["cookie"], []]) {
      const found = await store.get(key("a"), named, { likely, body: false });
      assertHead(found, entry);
      if (found?.body !== undefined) assertRead(found, entry);
    }
    assertRead(await store.get(key("a"), named, { likely: ["accept"], body: true }), entry);
  },

  "a head has the length of its own body, after a replacement too": async (store, key) => {
    await store.set(entryOf(key("a"), { body: bytesOf("first") }));
    const replaced = entryOf(key("a"), { body: bytesOf("second, longer") });
    await store.set(replaced);
    assertHead(await store.get(key("a"), () => "v", { likely: [], body: false }), replaced);
    assertRead(await read(store, key("a")), replaced);
  },
};

/** Names a variant after the list, as no request can: a variant of a wrong list is found out. */
const named: ChooseVariant = (vary) => `by ${vary.join("+")}`;

function variantOf(key: string, vary: readonly string[]): Entry {
  return entryOf(key, { vary, variant: named(vary), body: bytesOf(named(vary)) });
}

/** A lookup that guesses a list finds the variant of the resource's own list, not one that has the guessed name. */
function guessing(likely: readonly string[]): StoreScenario {
  return async (store, key) => {
    const vary = ["accept", "x-tenant"];
    const right = variantOf(key("a"), vary);
    for (const wrong of [["cookie"], ["x-tenant", "accept"], []])
      await store.set({ ...variantOf(key("a"), wrong), vary });
    await store.set(right);
    assertRead(await store.get(key("a"), named, { likely, body: true }), right);
  };
}
