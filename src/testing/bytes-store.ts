import type { ChooseVariant, Entry, Store } from "../index.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";

/** What a resource is to a store of bytes: its `vary` list, encoded, and its variants, encoded. */
export interface StoredResource {
  readonly vary: string;
  readonly variants: Map<string, Uint8Array>;
}

/**
 * A stranger's store in small: asynchronous, and over nothing but text and bytes, like a server at the other end of a
 * socket. It shows what one has to write, and that the contract needs no more; it has no bound, so it is for tests.
 *
 * `resources` is where it keeps them: a test may look at it and spoil it.
 */
export function bytesStore(resources: Map<string, StoredResource> = new Map()): Store {
  return {
    name: "bytes",

    // Asynchronous without awaiting: what fails, the chooser included, rejects.
    async get(key: string, choose: ChooseVariant): Promise<Entry | undefined> {
      const resource = resources.get(key);
      if (resource === undefined) return undefined;
      const bytes = resource.variants.get(choose(JSON.parse(resource.vary) as string[]));
      return bytes === undefined ? undefined : decodeEntry(bytes.slice());
    },

    async set(entry: Entry): Promise<void> {
      const vary = JSON.stringify(entry.vary);
      // Nothing is awaited between looking and writing: of two variants that are set at once, both are kept.
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
