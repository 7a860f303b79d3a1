import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import { leftByFlood } from "./workload.ts";

describe("a flood of four one-off keys per request", () => {
  it.each([
    [5000, 1000, 1],
    [5000, 1000, 2],
    [5000, 1000, 3],
    [5000, 100, 1],
    [1000, 50, 1],
  ])(
    "leaves at least 0.95 of the hit ratio where %i keys do not fit into %i places (seed %i)",
    (keys, maxEntries, seed) => {
      const left = leftByFlood(() => memoryStore({ maxEntries }), { requests: 60_000, keys, seed });

      expect(left).toBeGreaterThan(0.95);
    },
  );

  it.each([
    [500, 400],
    [450, 500],
    [100, 100],
    [500, 1000],
  ])(
    "leaves at least 0.95 of the hit ratio where %i keys fit, or nearly fit, into %i places",
    (keys, maxEntries) => {
      const left = leftByFlood(() => memoryStore({ maxEntries }), { requests: 60_000, keys, seed: 1 });

      expect(left).toBeGreaterThan(0.95);
    },
  );

  it.each([
    [50, 100],
    [500, 1000],
  ])(
    "leaves all of the hit ratio where %i keys are asked for in turns, and half of %i places are enough",
    (keys, maxEntries) => {
      const workload = { requests: 20_000, keys, inTurns: true, seed: 1 };

      const left = leftByFlood(() => memoryStore({ maxEntries }), workload);

      expect(left).toBeGreaterThan(0.99);
    },
  );

  it("leaves at least 0.95 of the hit ratio where bytes are the bound", () => {
    const workload = { requests: 60_000, keys: 5000, seed: 1 };

    const left = leftByFlood(() => memoryStore({ maxBytes: 2 * 2 ** 20 }), workload);

    expect(left).toBeGreaterThan(0.95);
  });

  // The rarer half of the keys came twice on average by then: too seldom to be told from one-off keys.
  it("leaves about 0.9 of the hit ratio while the store still learns: 5000 keys, 4000 places, the first 60,000 requests", () => {
    const workload = { requests: 60_000, keys: 5000, seed: 1 };

    const left = leftByFlood(() => memoryStore({ maxEntries: 4000 }), workload);

    expect(left).toBeGreaterThan(0.88);
  });
});
