import { memoryStore } from "../../src/index.ts";
import type { Entry, MemoryStoreOptions, Read, Store, StoreStats } from "../../src/index.ts";
import { read } from "./support.ts";

/** What may happen to a store. */
export type Call =
  | { readonly does: "set"; readonly entry: Entry }
  | { readonly does: "get" | "delete"; readonly key: string; readonly variant: string }
  | { readonly does: "clear" };

/** What is seen of a store after some calls. */
export interface Seen {
  readonly held: readonly Entry[];
  readonly stats: StoreStats;
  /** What the last call returned. */
  readonly answer: unknown;
}

/** Makes the calls in order, and only then looks, because looking is a hit. */
export function seenAfter(calls: readonly Call[], bounds: MemoryStoreOptions): Seen {
  const store = memoryStore(bounds);
  const answers = calls.map((call) => make(call, store));
  const stats = store.stats!();
  const held = entriesIn(calls).filter((entry) => isHeld(entry, read(store, entry.key, entry.variant)));
  return { held: [...new Set(held)], stats, answer: answers.at(-1) };
}

/** The weight of an entry, from the stats of a store that holds nothing else. */
export function weigh(entry: Entry): number {
  const store = memoryStore({ maxBytes: Infinity });
  void store.set(entry);
  return store.stats!().bytes;
}

/** What must still be held when `entry` comes, if nothing has to make room for it. */
export function besides(held: readonly Entry[], entry: Entry): readonly Entry[] {
  return held.filter(
    ({ key, vary, variant }) =>
      key !== entry.key || (vary.join() === entry.vary.join() && variant !== entry.variant),
  );
}

/** Whether all of these have room together. */
export function fit(entries: readonly Entry[], bounds: Required<MemoryStoreOptions>): boolean {
  const bytes = entries.reduce((sum, entry) => sum + weigh(entry), 0);
  const variants = entries.map(({ key }) => entries.filter((other) => other.key === key).length);
  return (
    bytes <= bounds.maxBytes &&
    entries.length <= bounds.maxEntries &&
    Math.max(0, ...variants) <= bounds.maxVariants
  );
}

function make(call: Call, store: Store): unknown {
  switch (call.does) {
    case "set":
      return store.set(call.entry);
    case "get":
      return read(store, call.key, call.variant);
    case "delete":
      return store.delete(call.key, 0);
    case "clear":
      return store.clear();
  }
}

function entriesIn(calls: readonly Call[]): readonly Entry[] {
  return calls.flatMap((call) => (call.does === "set" ? [call.entry] : []));
}

/** A store in memory keeps content by reference. */
function isHeld(entry: Entry, found: Read | undefined): boolean {
  return found?.body === entry.body;
}
