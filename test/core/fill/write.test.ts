import { describe, expect, it } from "vitest";
import { ALONE, beginRun } from "../../../src/core/fill/run.ts";
import type { Run, RunParts, RunPlan } from "../../../src/core/fill/run.ts";
import { isPurged, write } from "../../../src/core/fill/write.ts";
import { PurgeFence } from "../../../src/core/invalidation/purge-fence.ts";
import { Ledger } from "../../../src/core/invalidation/ledger.ts";
import { GuardedStore } from "../../../src/core/lookup/guarded-store.ts";
import type { Entry, Store } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/clock.ts";
import type { TestClock } from "../../../src/testing/clock.ts";
import { kitOf, requestOf, settle } from "../../support/kit.ts";

const ENTRY = { key: "a", variant: "", vary: [], body: new Uint8Array() } as Partial<Entry> as Entry;

/** A run over a store that writes when it is told to, and lists what it is asked to delete. */
interface Writing {
  readonly run: Run;
  readonly clock: TestClock;
  readonly fence: PurgeFence;
  readonly ledger: Ledger;
  readonly deleted: string[];
  readonly refusals: string[];
  readonly written: (kept: boolean) => void;
}

function writing(): Writing {
  const clock = testClock();
  const fence = new PurgeFence();
  const ledger = new Ledger(() => clock.now());
  const deleted: string[] = [];
  const refusals: string[] = [];
  let written: (kept: boolean) => void = () => undefined;
  const store: Store = {
    name: "slow",
    shared: false,
    get: () => undefined,
    set: () => new Promise((resolve) => (written = resolve)),
    delete: (key) => deleted.push(key),
    clear: () => undefined,
  };
  const parts: Partial<RunParts> = {
    store: new GuardedStore(store, clock, { readMs: 250, writeMs: 250 }, () => undefined),
    clock,
    fence,
    ledger,
    refused: (_route, reason) => refusals.push(reason),
  };
  const { policy } = kitOf();
  const plan: Partial<RunPlan> = { request: requestOf(), policy, key: { resource: "a" } as RunPlan["key"] };
  const run = beginRun(parts as RunParts, plan as RunPlan, ALONE);
  return { run, clock, fence, ledger, deleted, refusals, written: (kept) => written(kept) };
}

describe("the write of an entry", () => {
  it("returns what became of it, and calls onKept where the store has kept it", async () => {
    const { run, written, refusals } = writing();
    let kept = 0;

    const result = write(run, ENTRY, () => kept++);
    written(true);

    expect([await result, kept, refusals]).toEqual(["kept", 1, []]);
  });

  it("reports a refusal of the store", async () => {
    const { run, written, refusals } = writing();
    let kept = 0;

    const result = write(run, ENTRY, () => kept++);
    written(false);

    expect([await result, kept, refusals]).toEqual(["refused", 0, ["not-kept"]]);
  });

  it("is undone where a purge came while the store was writing (hazard 22)", async () => {
    const { run, written, fence, deleted } = writing();
    const result = write(run, ENTRY);

    fence.purge("a");
    written(true);
    await result;

    expect(deleted).toEqual(["a"]);
  });

  it("is undone where a purge came before a store that missed its deadline has written", async () => {
    const { run, written, clock, fence, deleted } = writing();
    const result = write(run, ENTRY);
    clock.advance(1);
    const became = await result;

    fence.purge("a");
    written(true);
    await settle();

    expect([became, deleted]).toEqual(["failed", ["a"]]);
  });

  it("stays where nothing was purged", async () => {
    const { run, written, clock, deleted } = writing();
    const result = write(run, ENTRY);
    clock.advance(1);
    await result;

    written(true);
    await settle();

    expect(deleted).toEqual([]);
  });
});

describe("a run", () => {
  it("is purged by its key, or by a tag of its response", () => {
    const byKey = writing();
    const byTag = writing();
    const tagged = { names: ["t|news"], began: byTag.run.began };
    const nameless = { names: [], began: byKey.run.began };
    const before = [isPurged(byKey.run, nameless), isPurged(byTag.run, tagged)];

    byKey.fence.purge("a");
    byTag.ledger.mark(["t|news"]);

    expect([before, isPurged(byKey.run, nameless), isPurged(byTag.run, tagged)]).toEqual([
      [false, false],
      true,
      true,
    ]);
  });
});
