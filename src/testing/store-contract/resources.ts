import assert from "node:assert/strict";
import type { Entry } from "../../index.ts";
import { AT, assertNoVariant, assertRead, assertRemoved, bytesOf, entryOf, read } from "./sample.ts";
import type { StoreScenarios } from "./sample.ts";

/** Resources with their variants: get, set, replace, delete, clear. */
export const resources: StoreScenarios = {
  "a store has a name for error messages": async (store) => {
    assert.equal(typeof store.name, "string");
    assert.notEqual(store.name, "");
  },

  "a store says whether it is shared": async (store) => {
    assert.equal(typeof store.shared, "boolean");
  },

  "get returns undefined for a resource that was never set": async (store, key) => {
    await store.set(entryOf(key("b")));
    assert.equal(await read(store, key("a")), undefined);
  },

  "get returns the entry that was set": async (store, key) => {
    const entry = entryOf(key("a"));
    await store.set(entry);
    assertRead(await read(store, key("a")), entry);
  },

  "get returns the vary list alone for a variant that was never set": async (store, key) => {
    await store.set(entryOf(key("a"), { vary: ["accept", "x-tenant"], variant: "v" }));
    assertNoVariant(await read(store, key("a"), "w"), ["accept", "x-tenant"]);
  },

  "variants of one resource stay apart": async (store, key) => {
    const [french, german] = ["fr", "de"].map((variant) =>
      entryOf(key("a"), { vary: ["accept-language"], variant }),
    );
    await store.set(french as Entry);
    await store.set(german as Entry);
    assertRead(await read(store, key("a"), "fr"), french as Entry);
    assertRead(await read(store, key("a"), "de"), german as Entry);
  },

  "set replaces its own variant and keeps the others": async (store, key) => {
    const [first, second, other] = [bytesOf("first"), bytesOf("second, longer"), bytesOf("other")];
    await store.set(entryOf(key("a"), { variant: "v", body: first }));
    await store.set(entryOf(key("a"), { variant: "w", body: other }));
    await store.set(entryOf(key("a"), { variant: "v", body: second, status: 404 }));
    assertRead(
      await read(store, key("a"), "v"),
      entryOf(key("a"), { variant: "v", body: second, status: 404 }),
    );
    assertRead(await read(store, key("a"), "w"), entryOf(key("a"), { variant: "w", body: other }));
    assertRemoved(await store.delete(key("a"), AT), 2);
  },

  "set with another vary list removes the resource's earlier variants": async (store, key) => {
    await store.set(entryOf(key("a"), { vary: ["accept"], variant: "1" }));
    await store.set(entryOf(key("a"), { vary: ["accept"], variant: "2" }));
    const renewed = entryOf(key("a"), { vary: ["accept", "cookie"], variant: "3" });
    await store.set(renewed);
    assertNoVariant(await read(store, key("a"), "1"), ["accept", "cookie"]);
    assertNoVariant(await read(store, key("a"), "2"), ["accept", "cookie"]);
    assertRead(await read(store, key("a"), "3"), renewed);
    assertRemoved(await store.delete(key("a"), AT), 1);
  },

  "delete removes all variants of its resource and keeps other resources": async (store, key) => {
    await store.set(entryOf(key("a"), { variant: "1" }));
    await store.set(entryOf(key("a"), { variant: "2" }));
    await store.set(entryOf(key("ab"), { variant: "1" }));
    assertRemoved(await store.delete(key("a"), AT), 2);
    assert.equal(await read(store, key("a"), "1"), undefined);
    assert.equal(await read(store, key("a"), "2"), undefined);
    assertRead(await read(store, key("ab"), "1"), entryOf(key("ab"), { variant: "1" }));
  },

  "delete returns the number of entries that it removed, or undefined": async (store, key) => {
    assertRemoved(await store.delete(key("a"), AT), 0);
    await store.set(entryOf(key("a")));
    await store.delete(key("a"), AT);
    assertRemoved(await store.delete(key("a"), AT), 0);
  },

  "a deleted resource can be set again": async (store, key) => {
    await store.set(entryOf(key("a"), { vary: ["accept"], variant: "v" }));
    await store.delete(key("a"), AT);
    const again = entryOf(key("a"), { vary: ["cookie"], variant: "w" });
    await store.set(again);
    assertRead(await read(store, key("a"), "w"), again);
  },

  "clear removes everything": async (store, key) => {
    await store.set(entryOf(key("a")));
    await store.set(entryOf(key("b")));
    await store.clear();
    assert.equal(await read(store, key("a")), undefined);
    assert.equal(await read(store, key("b")), undefined);
    assertRemoved(await store.delete(key("a"), AT), 0);
    await store.set(entryOf(key("a")));
    assertRead(await read(store, key("a")), entryOf(key("a")));
  },

  "clear of an empty store does not fail": async (store) => {
    await assert.doesNotReject(async () => store.clear());
    await assert.doesNotReject(async () => store.clear());
  },
};
