import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/index.ts";
import type { Store, StoreFailure, StoreSwitch } from "../../../src/index.ts";
import { GuardedStore } from "../../../src/core/lookup/guarded-store.ts";
import { testClock } from "../../../src/testing/clock.ts";
import type { TestClock } from "../../../src/testing/clock.ts";
import { entryOf } from "../../support/entry.ts";
import { answer, fillOf, kitOf, serveOf, settle, textOf } from "../../support/kit.ts";
import type { Kit } from "../../support/kit.ts";

const DEADLINES = { readMs: 100, writeMs: 1000 };
const LOOK = { likely: [], body: true };

interface Called {
  readonly calls: GuardedStore;
  readonly clock: TestClock;
  readonly told: (readonly [unknown, StoreFailure | StoreSwitch])[];
  /** How often the store was called. */
  called(): number;
}

/** A store whose every method does the same. */
function oddStore(behaviour: () => unknown): Store {
  const methods = { get: behaviour, set: behaviour, delete: behaviour, clear: behaviour };
  const marks = { read: behaviour, add: behaviour };
  return { name: "odd", shared: false, ...methods, marks } as unknown as Store;
}

function callsOf(behaviour: () => unknown): Called {
  const told: (readonly [unknown, StoreFailure | StoreSwitch])[] = [];
  const clock = testClock();
  let called = 0;
  const store = oddStore(() => {
    called++;
    return behaviour();
  });
  return {
    calls: new GuardedStore(store, clock, DEADLINES, (error, failure) => told.push([error, failure])),
    clock,
    told,
    called: () => called,
  };
}

function everything({ calls }: Called): readonly unknown[] {
  return [
    calls.get("k", () => "", LOOK),
    calls.set(entryOf()),
    calls.delete("k", 1),
    calls.clear(),
    calls.readMarks(0),
    calls.addMarks(["a"], 0),
  ];
}

const NOTHING = [undefined, "failed", undefined, false, undefined, undefined];
const operations = ["get", "set", "delete", "clear", "marks", "marks"];

/** The promises of another realm: none of them is an instance of this one's. */
const ForeignPromise = runInNewContext("Promise") as PromiseConstructor;

/** A memory store that returns such a promise from each method. */
function foreignStore(): Store {
  const inner = memoryStore();
  return {
    name: "foreign",
    shared: false,
    get: (...asked) => ForeignPromise.resolve(inner.get(...asked)),
    set: (entry) => ForeignPromise.resolve(inner.set(entry)),
    delete: (...asked) => ForeignPromise.resolve(inner.delete(...asked)),
    clear: () => ForeignPromise.resolve(inner.clear()),
  };
}

describe("a call of a store", () => {
  it("returns at once what the store returns at once, without a timer", () => {
    const called = callsOf(() => 7);

    expect([everything(called).slice(0, 4), called.clock.pending]).toEqual([[7, "kept", 7, true], 0]);
  });

  it("finds nothing where the store throws, and reports the error", () => {
    const called = callsOf(() => {
      throw new Error("down");
    });

    expect(everything(called)).toEqual(NOTHING);
    expect(called.told).toEqual(
      operations.map((operation) => [new Error("down"), { operation, store: "odd" }]),
    );
  });

  it("finds nothing where the store rejects, and reports the error", async () => {
    const called = callsOf(() => Promise.reject(new Error("down")));

    expect(await Promise.all(everything(called))).toEqual(NOTHING);
    expect([called.told.map(([, { operation }]) => operation).toSorted(), called.clock.pending]).toEqual([
      operations.toSorted(),
      0,
    ]);
  });

  it("finds nothing where the store hangs beyond the deadline, and reports it", async () => {
    const called = callsOf(() => new Promise(() => undefined));
    const answers = everything(called);
    called.clock.advance(1);

    expect(await Promise.all(answers)).toEqual(NOTHING);
    expect(called.told.map(([error]) => error)).toEqual(
      [
        ["get", 0.1],
        ["marks.read", 0.1],
        ["set", 1],
        ["delete", 1],
        ["clear", 1],
        ["marks.add", 1],
      ].map(([operation, seconds]) =>
        expect.objectContaining({
          code: "ERR_CACHE_STORE_TIMEOUT",
          message: expect.stringContaining(`took longer than ${seconds} seconds for "${operation}"`),
        }),
      ),
    );
  });

  it("leaves no timer behind where the store returns in time", async () => {
    const called = callsOf(async () => 0);
    const { calls } = called;

    await Promise.all([calls.get("k", () => "", LOOK), calls.set(entryOf()), calls.addMarks([], 0)]);

    expect([called.clock.pending, called.told]).toEqual([0, []]);
  });

  it("has no effect where the store fails after the deadline", async () => {
    const failures: ((error: Error) => void)[] = [];
    const called = callsOf(() => new Promise((_, reject) => failures.push(reject)));
    const answers = everything(called);
    called.clock.advance(1);

    failures.forEach((fail) => fail(new Error("late")));

    expect(await Promise.all(answers)).toEqual(NOTHING);
  });

  it("takes the promises of other libraries for promises", async () => {
    const { begin, cache } = kitOf({ cache: { store: foreignStore() }, route: { key: () => "k" } });
    answer(fillOf(await begin()), { body: "made" });
    await settle();

    expect(textOf(serveOf(await begin()).reply)).toBe("made");
    expect([
      (await cache.invalidate("k")).removed,
      (await cache.clear()).everywhere,
      cache.stats().stored,
    ]).toEqual([1, true, 1]);
  });
});

describe("the marks of a store", () => {
  function reading(page: unknown): Called {
    return callsOf(() => page);
  }

  it("are there if the store has them", () => {
    expect([
      callsOf(() => 0).calls.hasMarks,
      new GuardedStore(memoryStore(), testClock(), DEADLINES, () => 0).hasMarks,
    ]).toEqual([true, false]);
  });

  it("are a copy of what the store returns", () => {
    const page = [{ name: "t|a", position: 5, more: 1 }];

    expect(reading(page).calls.readMarks(0)).toEqual([{ name: "t|a", position: 5 }]);
  });

  it.each([
    ["nothing", undefined],
    ["an object", {}],
    ["what is no mark", [null]],
    ["a mark without a name", [{ position: 1 }]],
    ["a position as text", [{ name: "a", position: "1" }]],
    ["no number", [{ name: "a", position: Number.NaN }]],
    ["no end", [{ name: "a", position: Infinity }]],
  ])("are not read where the store returns %s, and that is reported", async (_, page) => {
    for (const called of [reading(page), callsOf(async () => page)]) {
      expect([await called.calls.readMarks(0), await called.calls.addMarks(["a"], 0)]).toEqual([
        undefined,
        undefined,
      ]);
      expect(called.told).toEqual([
        [expect.objectContaining({ code: "ERR_CACHE_STORE_ANSWER" }), { operation: "marks", store: "odd" }],
        [expect.objectContaining({ code: "ERR_CACHE_STORE_ANSWER" }), { operation: "marks", store: "odd" }],
      ]);
    }
  });
});

describe("a request", () => {
  function withStore(behaviour: () => unknown, onError: () => void = () => undefined): Kit {
    return kitOf({ cache: { store: oddStore(behaviour), onError } });
  }

  it("is a miss where the store throws, and its response is not counted as stored", () => {
    const { now, ask, cache } = withStore(() => {
      throw new Error("down");
    });

    expect([textOf(ask({}, { body: "made" })), now().kind]).toEqual(["made", "fill"]);
    expect([cache.stats().stored, cache.stats().storeErrors]).toEqual([0, 3]);
  });

  it("is a miss where the store rejects", async () => {
    const { begin, cache } = withStore(() => Promise.reject(new Error("down")));
    answer(fillOf(await begin()));
    await settle();

    expect([cache.stats().stored, cache.stats().storeErrors]).toEqual([0, 2]);
  });

  it("is a miss at the deadline where the store hangs", async () => {
    const { begin, clock } = withStore(() => new Promise(() => undefined));
    const decision = begin();
    clock.advance(0.1);

    expect((await decision).kind).toBe("fill");
  });

  it("does not fail where the store fails and its listener throws", async () => {
    const broken = (): never => {
      throw new Error("no log today");
    };
    const { now } = withStore(broken, broken);
    const { begin } = withStore(() => Promise.reject(new Error("down")), broken);

    expect([now().kind, (await begin()).kind]).toEqual(["fill", "fill"]);
  });
});
