import { describe, expect, it } from "vitest";
import type { Store, StoreFailure, StoreSwitch } from "../../../src/index.ts";
import { GuardedStore } from "../../../src/core/lookup/guarded-store.ts";
import { testClock } from "../../../src/testing/clock.ts";
import type { TestClock } from "../../../src/testing/clock.ts";
import { entryOf } from "../../support/entry.ts";
import { settle } from "../../support/kit.ts";

const DEADLINES = { readMs: 100, writeMs: 1000 };
const LOOK = { likely: [], body: true };
const never = (): Promise<never> => new Promise(() => undefined);

interface Site {
  readonly guard: GuardedStore;
  readonly clock: TestClock;
  readonly told: unknown[];
  readonly calls: string[];
  /** What each method does from now on. Others return at once. */
  behave: Readonly<Record<string, () => unknown>>;
  look(): unknown;
  /** Fails this many lookups in a row. */
  lookups(count: number): Promise<void>;
}

function siteOf(deadlines = DEADLINES): Site {
  const clock = testClock();
  const told: unknown[] = [];
  const calls: string[] = [];
  const method = (name: string, otherwise: unknown) => (): unknown => {
    calls.push(name);
    return (site.behave[name] ?? ((): unknown => otherwise))();
  };
  const store = {
    name: "redis",
    shared: true,
    get: method("get", undefined),
    set: method("set", undefined),
    delete: method("delete", 1),
    clear: method("clear", undefined),
    marks: { read: method("read", []), add: method("add", 1) },
  } as unknown as Store;
  const listener = (_error: unknown, failure: StoreFailure | StoreSwitch): void => {
    const { operation } = failure;
    told.push("calls" in failure ? `${operation} ${failure.calls}` : operation);
  };
  const guard = new GuardedStore(store, clock, deadlines, listener);
  const look = (): unknown => guard.get("k", () => "", LOOK);
  const site: Site = {
    guard,
    clock,
    told,
    calls,
    behave: {},
    look,
    lookups: async (count) => {
      const all = Array.from({ length: count }, look);
      clock.advance(deadlines.readMs / 1000);
      await Promise.all(all);
    },
  };
  return site;
}

function down(): never {
  throw new Error("READONLY");
}

describe("a store whose lookups hang", () => {
  it("is not asked any more after five missed deadlines, and starts no timer then", async () => {
    const site = siteOf();
    site.behave = { get: never };
    await site.lookups(5);

    const found = Array.from({ length: 100 }, site.look);

    expect([new Set(found), site.calls.length, site.clock.pending]).toEqual([new Set([undefined]), 5, 0]);
  });

  it("is told once, however many lookups were under way", async () => {
    const site = siteOf();
    site.behave = { get: never };
    await site.lookups(50);

    expect([site.told, site.guard.errors]).toEqual([
      ["get", "get", "get", "get", "get", "suspend reads"],
      50,
    ]);
  });

  it("is asked for one lookup every half second, which is not told, and for all once one succeeds", async () => {
    const site = siteOf();
    site.behave = { get: never };
    await site.lookups(5);
    site.clock.advance(0.5);
    await site.lookups(3);
    site.behave = {};
    site.clock.advance(0.5);
    site.look();
    site.look();

    expect([site.calls.length, site.told.slice(5), site.guard.stats().state]).toEqual([
      8,
      ["suspend reads", "resume reads"],
      "up",
    ]);
  });

  it("is given nothing to store, and is told of removals and invalidations all the same", async () => {
    const site = siteOf();
    site.behave = { get: never };
    await site.lookups(5);

    const written = [site.guard.set(entryOf()), site.guard.delete("k", 1), site.guard.addMarks(["t|a"], 0)];

    expect([written, site.guard.stats()]).toEqual([
      ["failed", 1, 1],
      expect.objectContaining({ state: "down", dropped: 1 }),
    ]);
  });

  it("makes one invalidation wait, and no other after that", async () => {
    const site = siteOf();
    site.behave = { get: never, add: never };
    await site.lookups(5);
    const added = site.guard.addMarks(["a"], 0);
    site.clock.advance(1);

    expect([await added, site.guard.addMarks(["b"], 0), site.told.slice(-2)]).toEqual([
      undefined,
      undefined,
      ["marks", "suspend writes"],
    ]);
  });

  it("has an effect neither by what it returns late nor by what it rejects with", async () => {
    const site = siteOf();
    const ends: (() => void)[] = [];
    site.behave = {
      get: () =>
        new Promise((resolve, reject) =>
          ends.push(
            () => resolve("late"),
            () => reject(new Error()),
          ),
        ),
    };
    await site.lookups(6);
    ends.forEach((end) => end());
    await settle();

    expect([site.guard.stats().state, site.guard.errors]).toEqual(["down", 6]);
  });

  it("is probed where a probe is set: none but a readMarks that succeeds resumes lookups", async () => {
    const site = siteOf();
    let probes = 0;
    site.guard.probedBy(() => probes++);
    site.behave = { get: never, read: never };
    await site.lookups(5);
    site.clock.advance(60);
    const before = site.look();
    const asked = site.calls.length;
    const poll = site.guard.readMarks(0);
    site.clock.advance(0.1);
    await poll;
    site.behave = { get: () => "found", read: () => [] };
    void site.guard.readMarks(0);

    expect([probes, before, asked, site.look(), site.told.slice(5)]).toEqual([
      1,
      undefined,
      5,
      "found",
      ["suspend reads", "resume reads"],
    ]);
  });

  it("is probed again where its marks can be read and its entries cannot, and is told once", async () => {
    const site = siteOf();
    let probes = 0;
    site.guard.probedBy(() => probes++);
    site.behave = { get: never };
    await site.lookups(5);
    site.clock.advance(0.5);
    void site.guard.readMarks(0);
    await site.lookups(3);
    site.clock.advance(0.5);
    void site.guard.readMarks(0);
    await site.lookups(1);

    expect([probes, site.told.slice(5)]).toEqual([3, ["suspend reads"]]);
  });

  it("is looked up as before where its marks alone cannot be read, which is reported once", async () => {
    const site = siteOf();
    site.guard.probedBy(() => undefined);
    site.behave = { read: down, get: () => "found" };
    for (let n = 0; n < 9; n++) void site.guard.readMarks(0);

    expect([site.look(), site.guard.stats().state, site.told.length]).toEqual(["found", "up", 1]);
  });
});

describe("a store that cannot be written to", () => {
  function full(): Site {
    const site = siteOf();
    site.behave = { set: down };
    for (let n = 0; n < 5; n++) void site.guard.set(entryOf());
    return site;
  }

  it("is read as before, and given nothing more", () => {
    const site = full();
    site.behave = { ...site.behave, get: () => "found" };

    expect([site.look(), site.guard.set(entryOf()), site.calls.length, site.guard.stats()]).toEqual([
      "found",
      "failed",
      6,
      expect.objectContaining({ state: "read-only", dropped: 1 }),
    ]);
  });

  it("is not taken for writable because a removal succeeds", () => {
    const site = full();
    site.clock.advance(0.5);

    expect([site.guard.delete("k", 1), site.guard.stats().state]).toEqual([1, "read-only"]);
  });

  it("is written to again once a trial succeeds", () => {
    const site = full();
    site.behave = {};
    const early = [site.guard.set(entryOf()), site.guard.addMarks(["a"], 0), site.guard.delete("k", 1)];
    site.clock.advance(0.5);

    expect([early, site.guard.set(entryOf()), site.guard.stats().state, site.told.slice(5)]).toEqual([
      ["failed", undefined, undefined],
      "kept",
      "up",
      ["suspend writes", "resume writes"],
    ]);
  });

  it("is written to again once lookups resume, where both had failed", async () => {
    const site = full();
    site.behave = { get: never };
    await site.lookups(5);
    site.behave = {};
    site.clock.advance(0.5);
    site.look();

    expect([site.guard.stats().state, site.guard.set(entryOf()), site.told.slice(-2)]).toEqual([
      "up",
      "kept",
      ["resume reads", "resume writes"],
    ]);
  });

  it("is tried with an invalidation, too", () => {
    const site = full();
    site.behave = {};
    site.clock.advance(0.5);

    expect([site.guard.addMarks(["a"], 0), site.guard.set(entryOf())]).toEqual([1, "kept"]);
  });

  it("is called for removals and invalidations, however much it has to write", () => {
    const site = siteOf();
    site.behave = { set: never };
    for (let n = 0; n < 20; n++) void site.guard.set(entryOf({ body: new Uint8Array(2 ** 20) }));

    expect([site.guard.delete("k", 1), site.guard.addMarks(["a"], 0), site.guard.stats()]).toEqual([
      1,
      1,
      expect.objectContaining({ pending: 16, dropped: 4 }),
    ]);
  });
});

describe("the state of a store", () => {
  it("has the average time of its lookups", async () => {
    const site = siteOf();
    const ends: (() => void)[] = [];
    site.behave = { get: () => new Promise<void>((resolve) => ends.push(resolve)) };
    const first = site.look();
    site.clock.advance(0.016);
    ends.forEach((end) => end());
    await first;
    await site.lookups(1);

    // 16 ms, then 84 ms more with a weight of a sixteenth.
    expect(site.guard.stats().latency).toBe(21.25);
  });

  it("has that of its log of invalidations", () => {
    const { guard } = siteOf();
    const log = { marks: 3, polls: 7, pending: 2 };

    expect(guard.stats({ ...log, state: "blind" })).toMatchObject({ ...log, state: "blind" });
    expect(guard.stats({ ...log, state: "current" }).state).toBe("up");
  });
});

describe("a closed store", () => {
  it("is called no more", async () => {
    const site = siteOf();
    await site.guard.close();
    const { guard } = site;
    site.clock.advance(60);

    expect([
      site.look(),
      guard.set(entryOf()),
      guard.delete("k", 1),
      guard.clear(),
      guard.readMarks(0),
      guard.addMarks(["a"], 0),
    ]).toEqual([undefined, "failed", undefined, false, undefined, undefined]);
    expect([site.calls, site.told, guard.stats().state, site.clock.pending]).toEqual([[], [], "down", 0]);
  });

  it("has finished what it was called for", async () => {
    const site = siteOf();
    let written = (): void => undefined;
    site.behave = { set: () => new Promise<void>((resolve) => (written = resolve)) };
    const kept = site.guard.set(entryOf());
    let isClosed = false;
    const closed = site.guard.close().then(() => (isClosed = true));
    await settle();
    const before = isClosed;
    written();
    await closed;

    expect([before, await kept, site.clock.pending]).toEqual([false, "kept", 0]);
  });

  it("is waited for no longer than a write may take", async () => {
    const site = siteOf();
    site.behave = { set: never };
    void site.guard.set(entryOf());
    const closed = site.guard.close();
    site.clock.advance(1);
    await closed;

    expect(site.clock.pending).toBe(0);
  });

  it("may be closed again", async () => {
    const site = siteOf();
    await Promise.all([site.guard.close(), site.guard.close()]);

    await expect(site.guard.close()).resolves.toBeUndefined();
  });
});

describe("an observer of a store", () => {
  const seen = async (site: Site): Promise<readonly unknown[]> => {
    const errors: unknown[] = [];
    const found = await site.guard.observer((error) => errors.push(error)).get("k", () => "", LOOK);
    return [found, errors.length];
  };

  it("reads what the store would, and fails for itself alone", async () => {
    const site = siteOf();
    site.behave = { get: () => entryOf() };
    const calm = await seen(site);
    site.behave = { get: down };
    const failed = [];
    for (let n = 0; n < 6; n++) failed.push(await seen(site));

    expect([calm, failed.at(-1), site.guard.errors, site.guard.stats().state]).toEqual([
      [entryOf(), 0],
      [undefined, 1],
      0,
      "up",
    ]);
  });

  it("reads nothing while lookups are skipped, and names the reason", async () => {
    const site = siteOf();
    site.behave = { get: down };
    for (let n = 0; n < 5; n++) site.look();
    const { length } = site.calls;

    expect([await seen(site), site.calls.length]).toEqual([[undefined, 1], length]);
  });
});
