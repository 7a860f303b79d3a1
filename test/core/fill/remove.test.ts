import { describe, expect, it } from "vitest";
import { removeResources } from "../../../src/core/fill/remove.ts";
import type { RemovalParts } from "../../../src/core/fill/remove.ts";
import { Ledger } from "../../../src/core/invalidation/ledger.ts";
import { PurgeFence } from "../../../src/core/invalidation/purge-fence.ts";
import type { MaybePromise } from "../../../src/index.ts";

/** A removal of `a` and `b` by a store that returns these. */
function removing(counts: readonly MaybePromise<number | undefined>[]): {
  readonly ledger: Ledger;
  readonly purged: readonly boolean[];
  readonly asked: readonly number[];
  readonly removal: ReturnType<typeof removeResources>;
} {
  const ledger = new Ledger(() => 1000);
  const fence = new PurgeFence();
  const tickets = ["a", "b", "c"].map((resource) => fence.enter(resource, () => undefined));
  const asked: number[] = [];
  const store = {
    delete: (_resource: string, position: number) => {
      asked.push(position);
      return counts[asked.length - 1];
    },
  };
  const parts = { store, ledger, fence, log: undefined, writeMs: 250 } as unknown as RemovalParts;
  const removal = removeResources(parts, ["a", "b"], ["g|x"]);
  return { ledger, asked, removal, purged: tickets.map((ticket) => ticket.purged) };
}

describe("a removal without a log", () => {
  it("returns how many entries were removed, at once if the store does", () => {
    const { ledger, removal, asked, purged } = removing([1, 2]);

    expect([removal, asked, purged]).toEqual([
      { removed: 3, position: ledger.position },
      [ledger.position, ledger.position],
      [true, true, false],
    ]);
  });

  it("waits for a store that takes its time", async () => {
    const { removal } = removing([1, Promise.resolve(2)]);

    expect(await removal).toMatchObject({ removed: 3 });
  });

  it("makes dead what the store failed to remove, and other names", async () => {
    const { ledger, removal } = removing([Promise.resolve(undefined), 2]);
    const { removed, position = 0 } = await removal;
    const dead = [
      { names: [], key: "a" },
      { names: [], key: "b" },
      { names: ["g|x"], key: "c" },
    ].map((entry) => ledger.isDead({ ...entry, began: position - 1 }));

    expect([removed, dead]).toEqual([undefined, [true, false, true]]);
  });
});
