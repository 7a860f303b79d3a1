import type { Entry, Read } from "../../src/index.ts";

/** An entry that is fresh for ever and empty, with what matters to a test put in. */
export function entryOf(parts: Partial<Entry> = {}): Entry {
  return {
    key: "a",
    variant: "",
    names: [],
    began: 0,
    vary: [],
    status: 200,
    fields: [],
    body: new Uint8Array(),
    storedAt: 0,
    staleAt: Infinity,
    deleteAt: Infinity,
    ...parts,
  };
}

/** What a store returns for an entry, or for what stands in place of one. Each call returns another head. */
export function readOf(entry: Entry): Read {
  const { body, ...head } = entry;
  return { vary: entry.vary, head: { ...head, length: body?.byteLength }, body };
}
