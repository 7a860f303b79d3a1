import assert from "node:assert/strict";
import { assertSame, bytesOf, entryOf, only } from "./sample.ts";
import type { StoreScenarios } from "./sample.ts";

/** Keys and variants may be any text, and different ones never collide. */
export const names: StoreScenarios = {
  "keys with any characters stay apart": async (store, key) => {
    const keys = [...ODD_KEYS, "k".repeat(4000), `${"k".repeat(4000)}2`].map(key);
    const entries = keys.map((name, at) => entryOf(name, { body: bytesOf(`body ${at}`) }));
    for (const entry of entries) await store.set(entry);
    for (const entry of entries) assertSame(await store.get(entry.key, only), entry);
    assert.equal(new Set(keys).size, keys.length);
    for (const name of keys) assert.equal(await store.delete(name), 1, JSON.stringify(name.slice(0, 40)));
  },

  "variants with any characters stay apart": async (store, key) => {
    const entries = ODD_KEYS.map((variant) => entryOf(key("a"), { variant, body: bytesOf(variant) }));
    for (const entry of entries) await store.set(entry);
    for (const entry of entries) assertSame(await store.get(key("a"), () => entry.variant), entry);
    assert.equal(await store.delete(key("a")), ODD_KEYS.length);
  },
};

const ODD_KEYS: readonly string[] = [
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
