import assert from "node:assert/strict";
import type { Entry } from "../../index.ts";
import { assertSame, bytesOf, entryOf, only, watched } from "./sample.ts";
import type { StoreScenarios } from "./sample.ts";

/** Resources with their variants: get, set, replace, delete, clear. */
export const resources: StoreScenarios = {
  "a store has a name for error messages": async (store) => {
    assert.equal(typeof store.name, "string");
    assert.notEqual(store.name, "");
  },

  "get returns undefined for a resource that was never set, and chooses no variant": async (store, key) => {
    const { choose, calls } = watched("");
    assert.equal(await store.get(key("a"), choose), undefined);
    assert.equal(calls.length, 0);
  },

  "get returns the entry that was set": async (store, key) => {
    const entry = entryOf(key("a"));
    await store.set(entry);
    assertSame(await store.get(key("a"), only), entry);
  },

  "get chooses a variant once, with the resource's vary list": async (store, key) => {
    await store.set(entryOf(key("a"), { vary: ["accept", "x-tenant"], variant: "v" }));
    const { choose, calls } = watched("v");
    assert.notEqual(await store.get(key("a"), choose), undefined);
    assert.deepEqual(calls, [["accept", "x-tenant"]]);
  },

  "get returns undefined for a variant that was never set": async (store, key) => {
    await store.set(entryOf(key("a"), { variant: "v" }));
    assert.equal(await store.get(key("a"), () => "w"), undefined);
  },

  "variants of one resource stay apart": async (store, key) => {
    const [french, german] = ["fr", "de"].map((variant) =>
      entryOf(key("a"), { vary: ["accept-language"], variant }),
    );
    await store.set(french as Entry);
    await store.set(german as Entry);
    assertSame(await store.get(key("a"), () => "fr"), french as Entry);
    assertSame(await store.get(key("a"), () => "de"), german as Entry);
  },

  "set replaces its own variant and keeps the others": async (store, key) => {
    const [first, second, other] = [bytesOf("first"), bytesOf("second, longer"), bytesOf("other")];
    await store.set(entryOf(key("a"), { variant: "v", body: first }));
    await store.set(entryOf(key("a"), { variant: "w", body: other }));
    await store.set(entryOf(key("a"), { variant: "v", body: second, status: 404 }));
    assertSame(
      await store.get(key("a"), () => "v"),
      entryOf(key("a"), { variant: "v", body: second, status: 404 }),
    );
    assertSame(await store.get(key("a"), () => "w"), entryOf(key("a"), { variant: "w", body: other }));
    assert.equal(await store.delete(key("a")), 2);
  },

  "set with another vary list removes the resource's earlier variants": async (store, key) => {
    await store.set(entryOf(key("a"), { vary: ["accept"], variant: "1" }));
    await store.set(entryOf(key("a"), { vary: ["accept"], variant: "2" }));
    const renewed = entryOf(key("a"), { vary: ["accept", "cookie"], variant: "3" });
    await store.set(renewed);
    assert.equal(await store.get(key("a"), () => "1"), undefined);
    assert.equal(await store.get(key("a"), () => "2"), undefined);
    const { choose, calls } = watched("3");
    assertSame(await store.get(key("a"), choose), renewed);
    assert.deepEqual(calls, [["accept", "cookie"]]);
    assert.equal(await store.delete(key("a")), 1);
  },

  "delete removes all variants of its resource, returns their number and keeps other resources": async (
    store,
    key,
  ) => {
    await store.set(entryOf(key("a"), { variant: "1" }));
    await store.set(entryOf(key("a"), { variant: "2" }));
    await store.set(entryOf(key("ab"), { variant: "1" }));
    assert.equal(await store.delete(key("a")), 2);
    assert.equal(await store.get(key("a"), () => "1"), undefined);
    assert.equal(await store.get(key("a"), () => "2"), undefined);
    assertSame(await store.get(key("ab"), () => "1"), entryOf(key("ab"), { variant: "1" }));
  },

  "delete returns 0 where nothing is stored": async (store, key) => {
    assert.equal(await store.delete(key("a")), 0);
    await store.set(entryOf(key("a")));
    await store.delete(key("a"));
    assert.equal(await store.delete(key("a")), 0);
  },

  "a deleted resource can be set again": async (store, key) => {
    await store.set(entryOf(key("a"), { vary: ["accept"], variant: "v" }));
    await store.delete(key("a"));
    const again = entryOf(key("a"), { vary: ["cookie"], variant: "w" });
    await store.set(again);
    assertSame(await store.get(key("a"), () => "w"), again);
  },

  "clear removes everything": async (store, key) => {
    await store.set(entryOf(key("a")));
    await store.set(entryOf(key("b")));
    await store.clear();
    assert.equal(await store.get(key("a"), only), undefined);
    assert.equal(await store.get(key("b"), only), undefined);
    assert.equal(await store.delete(key("a")), 0);
    await store.set(entryOf(key("a")));
    assertSame(await store.get(key("a"), only), entryOf(key("a")));
  },

  "clear of an empty store does not fail": async (store) => {
    await store.clear();
    await store.clear();
  },
};
