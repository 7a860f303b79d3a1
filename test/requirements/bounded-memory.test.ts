import { describe, expect, it } from "vitest";
import { Ledger } from "../../src/core/invalidation/ledger.ts";
import { TargetCache } from "../../src/core/request/normalized-target.ts";
import type { Entry, Store } from "../../src/index.ts";
import { answer, fillOf, kitOf, settle } from "../support/kit.ts";
import type { Kit } from "../support/kit.ts";

const MIB = 2 ** 20;

/** A store that confirms a write only when a test lets it. */
function frozen(): { readonly store: Store; readonly given: Entry[]; thaw(): void } {
  const given: Entry[] = [];
  const answers: (() => void)[] = [];
  const store: Store = {
    name: "frozen",
    shared: false,
    get: async () => undefined,
    set: (entry) => {
      given.push(entry);
      return new Promise((resolve) => answers.push(resolve));
    },
    delete: async () => 0,
    clear: async () => undefined,
  };
  return { store, given, thaw: () => answers.splice(0).forEach((go) => go()) };
}

async function miss(kit: Kit, page: number): Promise<void> {
  answer(fillOf(await kit.begin({ target: `/reports?page=${page}` })), { body: new Uint8Array(MIB) });
}

async function misses(kit: Kit, from: number, count: number): Promise<void> {
  for (let page = from; page < from + count; page++) await miss(kit, page);
}

describe("a store that does not confirm its writes", () => {
  it("is given no more than 16 MiB, and what it is not given is counted", async () => {
    const errors: unknown[] = [];
    const { store, given } = frozen();
    const kit = kitOf({ cache: { store, onError: (error) => errors.push(error) } });

    await misses(kit, 0, 100);

    expect([given.length, errors, kit.cache.stats().store]).toEqual([
      16,
      [],
      expect.objectContaining({ pending: 16, dropped: 84 }),
    ]);
  });

  it("is given no more than 1,000 entries", async () => {
    const { store, given } = frozen();
    const kit = kitOf({ cache: { store } });

    for (let page = 0; page < 1100; page++)
      answer(fillOf(await kit.begin({ target: `/reports?page=${page}` })), { body: "small" });

    expect([given.length, kit.cache.stats().store.dropped]).toEqual([1000, 100]);
  });

  it("is given more once it has confirmed", async () => {
    const { store, given, thaw } = frozen();
    const kit = kitOf({ cache: { store, onError: () => undefined } });
    await misses(kit, 0, 40);
    thaw();
    await settle();

    await misses(kit, 40, 8);

    expect(given.length).toBe(24);
  });

  it("is given one more as a trial a minute later, where it never confirms", async () => {
    const { store, given } = frozen();
    const kit = kitOf({ cache: { store, onError: () => undefined } });
    await misses(kit, 0, 40);
    kit.clock.advance(62);

    await misses(kit, 40, 8);

    expect([given.length, kit.cache.stats().store]).toEqual([
      17,
      expect.objectContaining({ state: "read-only", pending: 1, dropped: 31 }),
    ]);
  });

  it("is given one entry that is larger than that, alone", async () => {
    const { store, given } = frozen();
    const kit = kitOf({ cache: { store }, route: { maxBodyBytes: 64 * MIB } });

    answer(fillOf(await kit.begin()), { body: new Uint8Array(40 * MIB) });

    expect(given.length).toBe(1);
  });
});

describe("clear", () => {
  it("forgets normalized targets", () => {
    const targets = new TargetCache("p|", undefined);
    targets.of("http://a", "/x?b=1");

    targets.clear();

    expect(targets.origins()).toEqual([]);
  });

  it("forgets which responses could not be shared", async () => {
    const kit = kitOf();
    answer(fillOf(kit.now()), { headers: { "cache-control": "no-store" } });
    const hidden = fillOf(kit.now()).hidden;

    await kit.cache.clear();

    expect([hidden.length, fillOf(kit.now()).hidden.length > 0]).toEqual([0, true]);
  });

  it("forgets marks, and entries from before stay dead", () => {
    const ledger = new Ledger(() => 1000);
    const before = { names: ["t|a"], began: ledger.position };

    ledger.mark(["*"]);

    expect([ledger.isDead(before), ledger.isDead({ names: ["t|a"], began: ledger.position })]).toEqual([
      true,
      false,
    ]);
  });
});
