import type { Entry, Store } from "../../../src/index.ts";
import { memoryStore } from "../../../src/index.ts";
import { chaosStore } from "../../../src/testing/index.ts";
import { remembering, returning, WHOLE, wronged } from "./wronged.ts";
import type { Slip, Working } from "./wronged.ts";

/** Stores that mix resources and variants up, or calls. */
export const ofResources: readonly Slip[] = [
  [
    "has no leases",
    "a store has the capabilities that were declared, and no others",
    wronged(() => ({ leases: undefined as never })),
  ],
  ["has no name", "a store has a name for error messages", wronged(() => ({ name: "" }))],
  [
    "is shared, perhaps",
    "a store says whether it is shared",
    wronged(() => ({ shared: undefined as never })),
  ],
  [
    "returns what it has",
    "get returns undefined for a resource that was never set",
    wronged(({ store, server }) => ({
      get: (key, choose, look) => {
        const [any = key] = server.resources.keys();
        return store.get(any, choose, look);
      },
    })),
  ],
  [
    "keeps nothing",
    "get returns the entry that was set",
    wronged(({ store }) => ({ set: (entry) => chaosStore(store, { mode: "lose" }).set(entry) })),
  ],
  [
    "returns undefined for a variant",
    "get returns the vary list alone for a variant that was never set",
    returning((read) => (read?.head === undefined ? undefined : read)),
  ],
  [
    "keeps one variant of a resource",
    "variants of one resource stay apart",
    wronged(({ store, server }) => ({
      set: (entry) => {
        server.resources.delete(entry.key);
        return store.set(entry);
      },
    })),
  ],
  [
    "keeps what it had",
    "set replaces its own variant and keeps the others",
    wronged(({ store, server }) => ({
      set: (entry) =>
        server.resources.get(entry.key)?.variants.has(entry.variant) === true || store.set(entry),
    })),
  ],
  [
    "keeps variants of an old list",
    "set with another vary list removes the resource's earlier variants",
    wronged(keepingOldVariants),
  ],
  [
    "counts resources and not entries",
    "delete removes all variants of its resource and keeps other resources",
    wronged(({ store }) => ({
      delete: async (key, position) => Math.min((await store.delete(key, position)) ?? 0, 1),
    })),
  ],
  [
    "counts where there is nothing",
    "delete returns the number of entries that it removed, or undefined",
    wronged(({ store }) => ({
      delete: async (key, position) => Math.max((await store.delete(key, position)) ?? 0, 1),
    })),
  ],
  [
    "keeps nothing under a key that was deleted",
    "a deleted resource can be set again",
    wronged(({ store }) => ({ delete: (key) => store.delete(key, Infinity) })),
  ],
  ["clears nothing", "clear removes everything", wronged(() => ({ clear: () => undefined }))],
  [
    "cannot clear what is empty",
    "clear of an empty store does not fail",
    wronged(({ store, server }) => ({
      clear: async () => (server.resources.size === 0 ? notFound() : store.clear()),
    })),
  ],
  [
    "folds the case of keys",
    "keys with any characters stay apart",
    wronged(({ store }) => ({
      get: (key, choose, look) => store.get(key.toLowerCase(), choose, look),
      set: (entry) => store.set({ ...entry, key: entry.key.toLowerCase() }),
    })),
  ],
  [
    "cuts keys at a question mark",
    "keys with any characters stay apart",
    wronged(({ store }) => ({
      delete: (key, position) => store.delete(key.split("?")[0] ?? "", position),
    })),
  ],
  [
    "normalizes variants",
    "variants with any characters stay apart",
    remembering((entry) => ({ ...entry, variant: entry.variant.normalize() })),
  ],
  [
    "drops what comes while it writes",
    "entries of different keys that are set concurrently are all kept",
    wronged(({ store }) => {
      let isWriting = false;
      return {
        set: async (entry) => {
          if (isWriting) return;
          isWriting = true;
          await store.set(entry);
          isWriting = false;
        },
      };
    }),
  ],
  [
    "loses one of two concurrent writes",
    "variants of one resource that are set concurrently are all kept",
    wronged(writingBack),
  ],
  [
    "overwrites content that it has returned",
    "an entry that was read does not change when it is replaced or deleted",
    wronged(({ store }) => {
      const returned: Uint8Array[] = [];
      return {
        get: async (key, choose, look) => {
          const read = await store.get(key, choose, look);
          returned.push(read?.body ?? new Uint8Array());
          return read;
        },
        delete: (key, position) => {
          for (const body of returned) body.fill(0);
          return store.delete(key, position);
        },
      };
    }),
  ],
  [
    "keeps what is larger than it says",
    "set returns false only where neither the new entry nor an older one is kept",
    wronged(({ store }) => ({
      set: async (entry) => (await store.set(entry)) !== false && entry.body.byteLength < 1000,
    })),
  ],
  [
    "leaves the old in place of what is too large",
    "set returns false only where neither the new entry nor an older one is kept",
    wronged(({ store }) => ({ set: (entry) => entry.body.byteLength < 1000 && store.set(entry) })),
  ],
  [
    "swallows errors",
    "get passes on an error of the chooser and keeps the entry",
    wronged(({ store }) => ({
      get: async (key, choose, look) => {
        try {
          return await store.get(key, choose, look);
        } catch {
          return undefined;
        }
      },
    })),
  ],
  [
    "counts what was ever set",
    "stats are whole numbers that follow what is stored",
    () => {
      const store = memoryStore();
      let entries = 0;
      return {
        ...withoutStats(store),
        set: (entry) => (entries++, store.set(entry)),
        stats: () => ({ entries, bytes: entries * 2000, evictions: 0 }),
      };
    },
  ],
];

/** What lookups guess, and what they need. */
export const ofLookups: readonly Slip[] = [
  [
    "chooses by no list",
    "get returns the right variant where the vary list was guessed right",
    wronged(({ store }) => ({ get: (key, choose, look) => store.get(key, () => choose([]), look) })),
  ],
  [
    "trusts a guess",
    "get returns the right variant where the vary list was guessed wrong",
    wronged(trusting),
  ],
  [
    "trusts a guess",
    "get returns the right variant where the vary list was guessed in another order",
    wronged(trusting),
  ],
  ["trusts a guess", "get returns the right variant where nothing was guessed", wronged(trusting)],
  [
    "has every resource that is guessed",
    "get returns undefined for a resource that was never set, whatever was guessed",
    returning((read, _key, { likely }) => read ?? (likely.length > 0 ? { vary: likely } : undefined)),
  ],
  [
    "returns the list that was guessed",
    "get returns the vary list alone for a variant that was never set, whatever was guessed",
    returning((read, _key, { likely }) => read && { vary: likely }),
  ],
  [
    "keeps variants of an old list, and finds them",
    "get returns no variant of an earlier vary list that is still guessed",
    wronged((working) => ({
      ...keepingOldVariants(working),
      get: async (key, choose, look) => {
        const guessed = await working.store.get(key, () => choose(look.likely), look);
        return guessed?.head === undefined ? working.store.get(key, choose, look) : guessed;
      },
    })),
  ],
  [
    "has no length without content",
    "get without a body returns the right head, and no wrong body",
    returning((read, _key, { body }) =>
      body ? read : read && { ...read, head: { ...read.head!, length: 0 } },
    ),
  ],
  [
    "returns empty content where none is needed",
    "get without a body returns the right head, and no wrong body",
    returning((read, _key, { body }) => (body ? read : read && { ...read, body: new Uint8Array() })),
  ],
  [
    "remembers heads by their keys",
    "a head has the length of its own body, after a replacement too",
    wronged(({ store }) => {
      const lengths = new Map<string, number>();
      return {
        set: (entry) => {
          lengths.set(entry.key, lengths.get(entry.key) ?? entry.body.byteLength);
          return store.set(entry);
        },
        get: async (key, choose, look) => {
          const read = await store.get(key, choose, look);
          return read?.head && { ...read, head: { ...read.head, length: lengths.get(key) ?? 0 } };
        },
      };
    }),
  ],
];

/** What is refused, and what is not. */
export const ofDeletions: readonly Slip[] = [
  [
    "refuses nothing",
    "a shared store refuses what began before its resource was deleted",
    wronged(refusingNothing),
  ],
  [
    "refuses nothing of what it never had",
    "a shared store refuses what began before a resource that it never had was deleted",
    wronged(({ store, server }) => ({
      delete: (key, position) => store.delete(key, server.resources.has(key) ? position : 0),
    })),
  ],
  [
    "refuses by the last deletion",
    "a shared store refuses by the highest position of several deletions",
    wronged(({ store, server }) => ({
      delete: async (key, position) => {
        const count = await store.delete(key, position);
        server.deleted.set(key, position);
        return count;
      },
    })),
  ],
  [
    "forgets deletions once it has something",
    "a shared store still refuses after something later was stored and deleted",
    wronged(({ store, server }) => ({
      set: async (entry) => {
        const isKept = await store.set(entry);
        if (isKept !== false) server.deleted.delete(entry.key);
        return isKept;
      },
    })),
  ],
  [
    "refuses one position too many",
    "what began at the position of a deletion is kept",
    wronged(({ store }) => ({ delete: (key, position) => store.delete(key, position + 1) })),
  ],
  [
    "rounds positions",
    "what began after the position of a deletion is kept",
    wronged(({ store }) => ({
      delete: (key, position) => store.delete(key, Math.ceil(position / 100) * 100),
    })),
  ],
  [
    "deletes by prefix",
    "a deletion refuses nothing of other resources",
    wronged(({ store, server }) => ({
      set: (entry) =>
        ![...server.deleted.keys()].some((key) => entry.key.startsWith(key)) && store.set(entry),
    })),
  ],
  [
    "refuses what began earlier",
    "what began earlier than what is stored is kept",
    wronged(({ store }) => ({
      set: async (entry) => {
        const read = await store.get(entry.key, () => entry.variant, WHOLE);
        return (read?.head?.began ?? 0) <= entry.began && store.set(entry);
      },
    })),
  ],
];

function refusingNothing({ store }: Working): Partial<Store> {
  return { delete: (key) => store.delete(key, 0) };
}

function trusting({ store }: Working): Partial<Store> {
  return { get: (key, choose, look) => store.get(key, () => choose(look.likely), look) };
}

function keepingOldVariants({ store, server }: Working): Partial<Store> {
  return {
    set: async (entry) => {
      const before = server.resources.get(entry.key)?.variants ?? new Map();
      const isKept = await store.set(entry);
      const variants = server.resources.get(entry.key)?.variants;
      for (const [variant, bytes] of before)
        if (variants?.has(variant) === false) variants.set(variant, bytes);
      return isKept;
    },
  };
}

/** Reads a resource, waits, and writes it back: the later of two writers undoes the earlier. */
function writingBack({ store, server }: Working): Partial<Store> {
  return {
    set: async (entry: Entry) => {
      const before = new Map(server.resources.get(entry.key)?.variants);
      await Promise.resolve();
      await store.set(entry);
      const after = server.resources.get(entry.key);
      const written = after?.variants.get(entry.variant);
      if (after && written)
        server.resources.set(entry.key, { ...after, variants: before.set(entry.variant, written) });
    },
  };
}

function withoutStats(store: Store): Store {
  return {
    name: store.name,
    shared: store.shared,
    get: (key, choose, look) => store.get(key, choose, look),
    set: (entry) => store.set(entry),
    delete: (key, position) => store.delete(key, position),
    clear: () => store.clear(),
  };
}

function notFound(): never {
  throw new Error("there is nothing to clear");
}
