import type { ChooseVariant, Entry, Store } from "../index.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";

/** A resource in a {@link bytesStore}: its `vary` list as JSON, and its encoded entries by variant. */
export interface StoredResource {
  readonly vary: string;
  readonly variants: Map<string, Uint8Array>;
}

/**
 * Returns an asynchronous store over text and bytes, like one on a server. It is an example for authors of stores. It has no
 * bound, so it is for tests only. `resources` holds its content; a test may read and corrupt it.
 */
export function bytesStore(resources: Map<string, StoredResource> = new Map()): Store {
  return {
    name: "bytes",
    shared: false,

    // `async`, so that an error of the chooser rejects.
    async get(key: string, choose: ChooseVariant): Promise<Entry | undefined> {
      const resource = resources.get(key);
      if (resource === undefined) return undefined;
      const bytes = resource.variants.get(choose(JSON.parse(resource.vary) as string[]));
      return bytes === undefined ? undefined : decodeEntry(bytes.slice());
    },

    async set(entry: Entry): Promise<void> {
      const vary = JSON.stringify(entry.vary);
      // No await between reading and writing, so that two variants set concurrently are both kept.
      const known = resources.get(entry.key);
      const resource = known?.vary === vary ? known : { vary, variants: new Map<string, Uint8Array>() };
      resource.variants.set(entry.variant, encodeEntry(entry));
      resources.set(entry.key, resource);
    },

    async delete(key: string): Promise<number> {
      const count = resources.get(key)?.variants.size ?? 0;
      resources.delete(key);
      return count;
    },

    async clear(): Promise<void> {
      resources.clear();
    },
  };
}
