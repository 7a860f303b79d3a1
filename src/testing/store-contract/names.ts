import assert from "node:assert/strict";
import { AT, assertRead, assertRemoved, bytesOf, entryOf, read } from "./sample.ts";
import type { StoreScenarios } from "./sample.ts";

/** Keys and variants may be any text, and different ones never collide. */
export const names: StoreScenarios = {
  "keys with any characters stay apart": async (store, key) => {
    const keys = [...ODD_TEXTS, "k".repeat(4000), `${"k".repeat(4000)}2`].map(key);
    const entries = keys.map((name, at) => entryOf(name, { body: bytesOf(`body ${at}`) }));
    for (const entry of entries) await store.set(entry);
    for (const entry of entries) assertRead(await read(store, entry.key), entry);
    assert.equal(new Set(keys).size, keys.length);
    for (const name of keys) {
      assertRemoved(await store.delete(name, AT), 1);
      assert.equal(await read(store, name), undefined);
    }
  },

  "variants with any characters stay apart": async (store, key) => {
    const entries = ODD_TEXTS.map((variant) => entryOf(key("a"), { variant, body: bytesOf(variant) }));
    for (const entry of entries) await store.set(entry);
    for (const entry of entries) assertRead(await read(store, key("a"), entry.variant), entry);
    assertRemoved(await store.delete(key("a"), AT), ODD_TEXTS.length);
  },
};

/** Texts that stores have mixed up. */
export const ODD_TEXTS: readonly string[] = [
  "",
  " ",
  "a",
  "A",
  "a b",
  "a:b",
  "a|b",
  "a%7Cb",
  "a\nb",
  "a\r\nb",
  "a\u0000b",
  "a?b",
  "a?c",
  "a*",
  "a/../b",
  "é",
  "e\u0301",
  "\u{1F980}",
  "__proto__",
  "constructor",
  "toString",
  "{a}",
  "1",
  "01",
];
