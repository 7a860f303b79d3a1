import type { Entry } from "./store.ts";

/** An entry of which only the head was read. Its body is empty, whatever its length. */
export interface BareEntry extends Entry {
  /** The length of its content, in bytes. */
  readonly length: number;
}

/** Returns whether only the head of an entry was read. */
export function isBare(entry: Entry): entry is BareEntry {
  return (entry as Partial<BareEntry>).length !== undefined;
}

const REMEMBERED: WeakMap<object, BareEntry> = new WeakMap();

/** Says that an entry, whose content was read again, has the same head as a bare one. */
export function rememberAs(entry: Entry, bare: BareEntry): void {
  REMEMBERED.set(entry, bare);
}

/**
 * Returns the object by which to remember what is prepared from the head of an entry. Stores that read content from elsewhere
 * return another entry for each hit, and the same head.
 */
export function rememberedAs<Whole extends object>(entry: Whole): Whole | BareEntry {
  return REMEMBERED.get(entry) ?? entry;
}
