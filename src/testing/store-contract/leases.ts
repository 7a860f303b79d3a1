import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import type { Leases, Store } from "../../index.ts";
import { ODD_TEXTS } from "./names.ts";
import type { StoreScenarios } from "./sample.ts";

/** Names that one process at a time can hold, of stores that have them. Leases run by the server's clock. */
export const leases: StoreScenarios = {
  "a lease is taken once, and held for all others": async (store, key) => {
    assert.equal(await leasesOf(store).acquire(key("a"), "1", LONG), "mine");
    assert.equal(await leasesOf(store).acquire(key("a"), "2", LONG), "held");
  },

  "of several that take a lease concurrently, one has it": async (store, key) => {
    const tokens = Array.from({ length: 20 }, (_, at) => `token ${at}`);
    const results = await Promise.all(
      tokens.map(async (token) => leasesOf(store).acquire(key("a"), token, LONG)),
    );
    assert.deepEqual(results.toSorted(), [...Array.from({ length: 19 }, () => "held"), "mine"]);
  },

  "leases of different names stay apart": async (store, key) => {
    for (const name of ODD_TEXTS)
      assert.equal(await leasesOf(store).acquire(key(name), "1", LONG), "mine", JSON.stringify(name));
  },

  "a lease that was released can be taken again": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", LONG);
    await leasesOf(store).release(key("a"), "1");
    assert.equal(await leasesOf(store).acquire(key("a"), "2", LONG), "mine");
  },

  "another token cannot release a lease": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", LONG);
    await leasesOf(store).release(key("a"), "2");
    assert.equal(await leasesOf(store).acquire(key("a"), "3", LONG), "held");
    await leasesOf(store).release(key("a"), "2", { alone: LONG });
    assert.equal(await leasesOf(store).acquire(key("a"), "3", LONG), "held");
  },

  "another token cannot renew a lease": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", LONG);
    assert.equal(await leasesOf(store).renew(key("a"), "2", LONG), false);
    await leasesOf(store).release(key("a"), "1");
    assert.equal(await leasesOf(store).acquire(key("a"), "3", LONG), "mine");
  },

  "a lease that nobody holds cannot be renewed, and is not taken by it": async (store, key) => {
    assert.equal(await leasesOf(store).renew(key("a"), "1", LONG), false);
    assert.equal(await leasesOf(store).acquire(key("a"), "2", LONG), "mine");
  },

  "a lease ends by itself, and its holder has lost it": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", SHORT_MS);
    await assertFreed(store, key("a"), "2");
    assert.equal(await leasesOf(store).renew(key("a"), "1", LONG), false);
    await leasesOf(store).release(key("a"), "1");
    assert.equal(await leasesOf(store).acquire(key("a"), "3", LONG), "held");
  },

  "a lease that is renewed is held longer": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", RENEWED_MS);
    assert.equal(await leasesOf(store).renew(key("a"), "1", LONG), true);
    await wait(RENEWED_MS * 1.2);
    assert.equal(await leasesOf(store).acquire(key("a"), "2", LONG), "held");
  },

  "a lease that was released with the verdict alone tells all others so": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", LONG);
    await leasesOf(store).release(key("a"), "1", { alone: LONG });
    assert.equal(await leasesOf(store).acquire(key("a"), "2", LONG), "alone");
    assert.equal(await leasesOf(store).acquire(key("a"), "3", LONG), "alone");
    assert.equal(await leasesOf(store).renew(key("a"), "1", LONG), false);
  },

  "the verdict alone ends by itself": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", LONG);
    await leasesOf(store).release(key("a"), "1", { alone: SHORT_MS });
    await assertFreed(store, key("a"), "2");
    assert.equal(await leasesOf(store).acquire(key("a"), "3", LONG), "held");
  },

  "clear keeps the leases": async (store, key) => {
    await leasesOf(store).acquire(key("a"), "1", LONG);
    await store.clear();
    assert.equal(await leasesOf(store).acquire(key("a"), "2", LONG), "held");
  },
};

/** Longer than any check takes. */
const LONG = 60_000;
const SHORT_MS = 50;
/** Long enough to be renewed in time on a slow machine. */
const RENEWED_MS = 1000;
const PATIENCE_MS = 5000;

function leasesOf({ leases: held }: Store): Leases {
  assert.ok(held !== undefined, "the store has leases");
  return held;
}

/** Waits until a token can take a lease. */
async function assertFreed(store: Store, name: string, token: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    if ((await leasesOf(store).acquire(name, token, LONG)) === "mine") return;
    await wait(10);
  }
  assert.fail("the lease does not end");
}
