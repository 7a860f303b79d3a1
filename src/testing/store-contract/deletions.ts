import assert from "node:assert/strict";
import type { Store } from "../../index.ts";
import { assertRead, entryOf, read } from "./sample.ts";
import type { StoreScenarios } from "./sample.ts";

/** What is refused after a resource was deleted. All positions are relative to a large one: none may be rounded. */
export const deletions: StoreScenarios = {
  "a shared store refuses what began before its resource was deleted": async (store, key) => {
    await store.set(entryOf(key("a"), { began: P - 2 }));
    await store.delete(key("a"), P);
    await assertEarly(store, key("a"), P - 1);
  },

  "a shared store refuses what began before a resource that it never had was deleted": async (store, key) => {
    await store.delete(key("a"), P);
    await assertEarly(store, key("a"), P - 1);
  },

  "a shared store refuses by the highest position of several deletions": async (store, key) => {
    await store.delete(key("a"), P);
    await store.delete(key("a"), P - 5);
    await assertEarly(store, key("a"), P - 1);
  },

  "a shared store still refuses after something later was stored and deleted": async (store, key) => {
    await store.delete(key("a"), P);
    await store.set(entryOf(key("a"), { began: P }));
    await assertEarly(store, key("a"), P - 1, "another");
  },

  "what began at the position of a deletion is kept": async (store, key) => {
    await store.delete(key("a"), P);
    await assertKept(store, key("a"), P);
  },

  "what began after the position of a deletion is kept": async (store, key) => {
    await store.set(entryOf(key("a"), { began: P - 2 }));
    await store.delete(key("a"), P);
    await assertKept(store, key("a"), P + 1);
  },

  "a deletion refuses nothing of other resources": async (store, key) => {
    await store.delete(key("a"), P);
    await assertKept(store, key("ab"), P - 1);
  },

  "what began earlier than what is stored is kept": async (store, key) => {
    await store.set(entryOf(key("a"), { began: P }));
    await assertKept(store, key("a"), P - 1);
  },
};

const P = 1_767_225_600_123_457;

/** A shared store has to refuse; any other may keep it. None may keep what it says that it refused, or the reverse. */
async function assertEarly(store: Store, key: string, began: number, variant = "v"): Promise<void> {
  const entry = entryOf(key, { began, variant });
  const isKept = (await store.set(entry)) !== false;
  if (store.shared) assert.equal(isKept, false);
  const found = await read(store, key, variant);
  if (isKept) assertRead(found, entry);
  else assert.equal(found?.head, undefined);
}

async function assertKept(store: Store, key: string, began: number): Promise<void> {
  const entry = entryOf(key, { began });
  assert.notEqual(await store.set(entry), false);
  assertRead(await read(store, key), entry);
}
