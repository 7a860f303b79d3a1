import type { Entry, Read, Store } from "../../src/index.ts";
import { entryOf as freshEntry } from "../support/entry.ts";

/** An entry under a key, with content, and with what matters to a test put in. */
export function entryOf(key: string, parts: Partial<Entry> = {}): Entry {
  const own = { key, fields: [["content-type", "text/plain"]] as const, body: new Uint8Array(10) };
  return freshEntry({ ...own, ...parts });
}

/** What a store that returns at once has under a key, or under one variant of it. Undefined: no such variant. */
export function read(store: Store, key: string, variant = ""): Read | undefined {
  const found = store.get(key, () => variant, { likely: [], body: true }) as Read | undefined;
  return found?.head && found;
}

/** Sets entries of these keys, in order. */
export function fill(store: Store, keys: readonly string[]): void {
  for (const key of keys) void store.set(entryOf(key));
}

/** Which of these keys a store still has; asking marks what is found. */
export function kept(store: Store, keys: readonly string[]): readonly string[] {
  return keys.filter((key) => read(store, key) !== undefined);
}

/** Several names that begin alike. */
export function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
