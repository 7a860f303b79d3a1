import { describe, expect, it } from "vitest";
import { PurgeFence } from "../../../src/core/invalidation/purge-fence.ts";

const nothing = (): void => undefined;

/** A removal that ends when it is told to. */
function removal(): { readonly done: Promise<void>; readonly end: () => void } {
  let end = nothing;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { done, end };
}

describe("a purge", () => {
  it("marks each fill of the resource, and tells it at once (hazard 22)", () => {
    const fence = new PurgeFence();
    const told: string[] = [];
    const tickets = ["a", "a", "b"].map((key) => fence.enter(key, () => told.push(key)));

    fence.purge("a");

    expect([tickets.map(({ purged }) => purged), told]).toEqual([
      [true, true, false],
      ["a", "a"],
    ]);
  });

  it("of everything marks every fill", () => {
    const fence = new PurgeFence();
    const tickets = ["a", "b"].map((key) => fence.enter(key, nothing));

    fence.purgeAll();

    expect(tickets.map(({ purged }) => purged)).toEqual([true, true]);
  });

  it("does not mark a fill that is over, and forgets it", () => {
    const fence = new PurgeFence();
    const told: string[] = [];
    const tickets = ["first", "second"].map((name) => fence.enter("a", () => told.push(name)));
    tickets[0]!.leave();
    tickets[0]!.leave();
    fence.purge("a");
    tickets[1]!.leave();
    tickets[1]!.leave();

    fence.purge("a");

    expect(told).toEqual(["second"]);
  });

  it("does not mark a fill that begins after it", () => {
    const fence = new PurgeFence();
    fence.purge("a");

    expect(fence.enter("a", nothing).purged).toBe(false);
  });
});

describe("a resource", () => {
  it("is being removed until the last of its removals has ended", async () => {
    const fence = new PurgeFence();
    const [first, second] = [removal(), removal()];
    fence.purge("a", first.done);
    fence.purge("a", second.done);
    const states = [fence.isRemoving("a")];
    first.end();
    await first.done.finally(nothing);
    states.push(fence.isRemoving("a"));
    second.end();
    await second.done.finally(nothing);

    expect([...states, fence.isRemoving("a")]).toEqual([true, true, false]);
  });

  it("is not being removed by the removal of another one, nor where its store has removed it at once", () => {
    const fence = new PurgeFence();
    fence.purge("a", 1);
    fence.purge("b", removal().done);

    expect(fence.isRemoving("a")).toBe(false);
  });
});
