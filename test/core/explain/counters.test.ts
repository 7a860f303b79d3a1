import { expect, it } from "vitest";
import { Counters } from "../../../src/core/explain/counters.ts";

it("counts are of the moment at which they are read, and belong to who reads them", () => {
  const counters = new Counters();
  counters.count("hit");
  counters.refused("tags");
  counters.refused("tags");
  counters.stored();
  const before = counters.read();
  counters.refreshed();
  counters.count("hit");
  (before.refusals as { tags: number }).tags = 9;

  expect([before.outcomes.hit, before.stored, before.refreshes]).toEqual([1, 1, 0]);
  expect(counters.read()).toEqual({
    outcomes: { hit: 2, stale: 0, revalidated: 0, miss: 0, collapsed: 0, bypass: 0 },
    refusals: { tags: 2 },
    stored: 1,
    refreshes: 1,
  });
});
