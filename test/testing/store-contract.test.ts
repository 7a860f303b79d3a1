import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import type { Entry, Store } from "../../src/index.ts";
import { bytesStore, chaosStore, storeContract } from "../../src/testing/index.ts";

type Slip = readonly [slip: string, check: string, make: () => Store];

const slips: readonly Slip[] = [
  ["keeps nothing", "get returns the entry that was set", () => chaosStore(memoryStore(), { mode: "lose" })],
  [
    "answers another key",
    "get returns the entry that was set",
    () => chaosStore(memoryStore(), { mode: "corrupt" }),
  ],
  [
    "chooses where there is nothing",
    "get returns undefined for a resource that was never set, and chooses no variant",
    () => wronged((store) => ({ get: (key, choose) => (choose([]), store.get(key, choose)) })),
  ],
  [
    "chooses twice",
    "get chooses a variant once, with the resource's vary list",
    () =>
      wronged((store) => ({
        get: (key, choose) => store.get(key, (vary) => (choose(vary), choose(vary))),
      })),
  ],
  [
    "keeps one variant alone",
    "variants of one resource stay apart",
    () => wronged((store) => ({ set: (entry) => (void store.delete(entry.key), store.set(entry)) })),
  ],
  [
    "keeps variants of an old list",
    "set with another vary list removes the resource's earlier variants",
    () => wronged((store) => ({ set: (entry) => store.set({ ...entry, vary: [] }) })),
  ],
  [
    "counts resources and not entries",
    "delete removes all variants of its resource, returns their number and keeps other resources",
    () => wronged((store) => ({ delete: (key) => Math.min(Number(store.delete(key)), 1) })),
  ],
  ["clears nothing", "clear removes everything", () => wronged(() => ({ clear: () => undefined }))],
  [
    "folds the case of keys",
    "keys with any characters stay apart",
    () =>
      wronged((store) => ({
        get: (key, choose) => store.get(key.toLowerCase(), choose),
        set: (entry) => store.set({ ...entry, key: entry.key.toLowerCase() }),
      })),
  ],
  [
    "cuts keys at a question mark",
    "keys with any characters stay apart",
    () => wronged((store) => ({ delete: (key) => store.delete(key.split("?")[0] ?? "") })),
  ],
  [
    "keeps bodies as text",
    "bytes that are not UTF-8 are kept",
    () => recoded((body) => Buffer.from(Buffer.from(body).toString())),
  ],
  [
    "keeps the whole buffer of a part",
    "a body that is a view of a larger buffer is kept without the rest",
    () => recoded((body) => new Uint8Array(body.buffer)),
  ],
  [
    "writes Infinity as JSON does",
    "infinite instants are kept",
    () =>
      wronged((store) => ({
        set: (entry) => store.set({ ...entry, staleAt: JSON.parse(JSON.stringify(entry.staleAt)) as number }),
      })),
  ],
  [
    "joins the lines of a field",
    "fields keep their order, and repeated fields keep their lines",
    () =>
      wronged((store) => ({
        set: (entry) =>
          store.set({
            ...entry,
            fields: entry.fields.map(([name, value]) => [name, String(value)] as const),
          }),
      })),
  ],
  [
    "loses one of two writes at once",
    "variants of one resource that are set concurrently are all kept",
    () => slowToWrite(),
  ],
];

describe("the store contract", () => {
  it.each(slips)("catches a store that %s", async (_, name, make) => {
    const check = storeContract(make).find((one) => one.name === name);

    const failure: unknown = await check?.run().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AssertionError);
  });

  it("gives each check a store of its own, and closes it", async () => {
    const made: Store[] = [];
    const given: Store[] = [];
    const make = (): Store => (made.push(memoryStore()), made.at(-1) as Store);
    const [first, second] = storeContract(make, { dispose: (store) => void given.push(store) });

    await first?.run();
    await second?.run();

    expect(given).toEqual(made);
    expect(new Set(made).size).toBe(2);
  });

  it("keeps to its prefix where stores share a server", async () => {
    const keys: string[] = [];
    const make = (): Store =>
      wronged((store) => ({ set: (entry) => (keys.push(entry.key), store.set(entry)) }));
    const check = storeContract(make, { prefix: "mine:" }).find(
      ({ name }) => name === "clear removes everything",
    );

    await check?.run();

    expect(keys).toEqual(["mine:a", "mine:b", "mine:a"]);
  });
});

/** A memory store with some methods put wrong. */
function wronged(alter: (store: Store) => Partial<Store>): Store {
  const store = memoryStore();
  return {
    name: "wronged",
    shared: false,
    get: (key, choose) => store.get(key, choose),
    set: (entry) => store.set(entry),
    delete: (key) => store.delete(key),
    clear: () => store.clear(),
    ...alter(store),
  };
}

function recoded(recode: (body: Uint8Array) => Uint8Array): Store {
  return wronged((store) => ({ set: (entry) => store.set({ ...entry, body: recode(entry.body) }) }));
}

/** Reads a resource, waits, and writes it back: the later of two writers undoes the earlier. */
function slowToWrite(): Store {
  const resources: Parameters<typeof bytesStore>[0] = new Map();
  const store = bytesStore(resources);
  return {
    ...store,
    async set(entry: Entry) {
      const before = new Map(resources.get(entry.key)?.variants);
      await Promise.resolve();
      await store.set(entry);
      const after = resources.get(entry.key);
      const written = after?.variants.get(entry.variant);
      if (after && written)
        resources.set(entry.key, { ...after, variants: before.set(entry.variant, written) });
    },
  };
}
