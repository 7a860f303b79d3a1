import type { Entry, Store } from "../../src/index.ts";

/** An entry that is fresh for ever, with what matters to a test put in. */
export function entryOf(key: string, parts: Partial<Entry> = {}): Entry {
  return {
    key,
    variant: "",
    names: [],
    began: 0,
    vary: [],
    status: 200,
    fields: [["content-type", "text/plain"]],
    body: new Uint8Array(10),
    storedAt: 0,
    staleAt: Infinity,
    deleteAt: Infinity,
    ...parts,
  };
}

/** The entry under a key, or under one variant of it. */
export function read(store: Store, key: string, variant = ""): unknown {
  return store.get(key, () => variant);
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
