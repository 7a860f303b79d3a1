import assert from "node:assert/strict";
import { AT, assertRead, bytesOf, entryOf, read, WHOLE } from "./sample.ts";
import type { StoreScenarios } from "./sample.ts";

/** Concurrent calls, and calls that fail. */
export const calls: StoreScenarios = {
  "entries of different keys that are set concurrently are all kept": async (store, key) => {
    const entries = Array.from({ length: 50 }, (_, at) =>
      entryOf(key(`k${at}`), { body: bytesOf(`body ${at}`) }),
    );
    await Promise.all(entries.map(async (entry) => store.set(entry)));
    const found = await Promise.all(entries.map(async (entry) => read(store, entry.key)));
    for (const [at, entry] of entries.entries()) assertRead(found[at], entry);
  },

  "variants of one resource that are set concurrently are all kept": async (store, key) => {
    const entries = Array.from({ length: 20 }, (_, at) =>
      entryOf(key("a"), { vary: ["accept"], variant: `v${at}` }),
    );
    await Promise.all(entries.map(async (entry) => store.set(entry)));
    const found = await Promise.all(entries.map(async ({ variant }) => read(store, key("a"), variant)));
    for (const [at, entry] of entries.entries()) assertRead(found[at], entry);
  },

  "an entry that was read does not change when it is replaced or deleted": async (store, key) => {
    await store.set(entryOf(key("a")));
    const found = await read(store, key("a"));
    await store.set(entryOf(key("a"), { body: bytesOf("replaced"), status: 404 }));
    await store.delete(key("a"), AT);
    assertRead(found, entryOf(key("a")));
  },

  "set returns false only where neither the new entry nor an older one is kept": async (store, key) => {
    await store.set(entryOf(key("a")));
    const large = entryOf(key("a"), { body: new Uint8Array(2 ** 20) });
    const result: unknown = await store.set(large);
    const found = await read(store, key("a"));
    // A message of its own: from Node 22 on, that of `equal` compares 1 MiB line by line, and takes for ever.
    if (result === false) assert.ok(found === undefined, "set returned false, and something is still found");
    else assertRead(found, large);
  },

  "get passes on an error of the chooser and keeps the entry": async (store, key) => {
    await store.set(entryOf(key("a")));
    const fails = (): never => {
      throw new Error("the chooser fails");
    };
    await assert.rejects(async () => store.get(key("a"), fails, WHOLE), /the chooser fails/);
    assertRead(await read(store, key("a")), entryOf(key("a")));
  },

  "stats are whole numbers that follow what is stored": async (store, key) => {
    if (store.stats === undefined) return;
    await store.set(entryOf(key("a"), { body: bytesOf("x".repeat(1000)) }));
    const { entries, bytes, evictions } = store.stats();
    assert.ok([entries, bytes, evictions].every((count) => Number.isInteger(count) && count >= 0));
    assert.equal(entries, 1);
    assert.ok(bytes >= 1000, "an entry counts at least the bytes of its content");
    await store.delete(key("a"), AT);
    assert.deepEqual([store.stats().entries, store.stats().bytes], [0, 0]);
  },
};
