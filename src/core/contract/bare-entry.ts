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
