import { describe, expect, it } from "vitest";
import { PurgeFence } from "../../../src/core/invalidation/purge-fence.ts";

describe("the fence around a purge", () => {
  it("marks each fill of the resource, and tells it at once", () => {
    const fence = new PurgeFence();
    const told: string[] = [];
    const tickets = ["a", "a", "b"].map((key) => fence.enter(key, () => told.push(key)));

    fence.purge("a");

    expect([tickets.map(({ purged }) => purged), told]).toEqual([
      [true, true, false],
      ["a", "a"],
    ]);
  });

  it("marks every fill", () => {
    const fence = new PurgeFence();
    const tickets = ["a", "b"].map((key) => fence.enter(key, () => undefined));

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
});
