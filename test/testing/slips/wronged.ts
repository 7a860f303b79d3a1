import type { Entry, Leases, Look, Marks, Read, Store } from "../../../src/index.ts";
import { bytesServer, bytesStore } from "../../../src/testing/index.ts";
import type { BytesServer } from "../../../src/testing/index.ts";

/** A mistake, the check that finds it, and a store that makes it. */
export type Slip = readonly [slip: string, check: string, make: () => Store];

/** A working store, and the server that it reads and writes. */
export interface Working {
  readonly store: Store;
  readonly server: BytesServer;
  readonly marks: Marks;
  readonly leases: Leases;
}

export const WHOLE: Look = { likely: [], body: true };

/** Makes a shared store with some members put wrong. */
export function wronged(alter: (working: Working) => Partial<Store>): () => Store {
  return () => {
    const server = bytesServer();
    const store = bytesStore({ server, shared: true });
    const { marks, leases } = store as Required<Store>;
    return {
      name: "wronged",
      shared: true,
      get: (key, choose, look) => store.get(key, choose, look),
      set: (entry) => store.set(entry),
      delete: (key, position) => store.delete(key, position),
      clear: () => store.clear(),
      marks,
      leases,
      ...alter({ store, server, marks, leases }),
    };
  };
}

/** Makes a store that keeps another entry than it is given. */
export function remembering(alter: (entry: Entry) => Entry): () => Store {
  return wronged(({ store }) => ({ set: (entry) => store.set(alter(entry)) }));
}

/** Makes a store that returns something else than it has. */
export function returning(
  alter: (read: Read | undefined, key: string, look: Look) => Read | undefined,
): () => Store {
  return wronged(({ store }) => ({
    get: async (key, choose, look) => alter(await store.get(key, choose, look), key, look),
  }));
}
