import { describe, expect, it } from "vitest";
import { assert, double, property } from "fast-check";
import { isDueEarly, jittered } from "../../../src/core/freshness/early-refresh.ts";
import { entryOf } from "../../support/entry.ts";
import { answer, fillOf, kitOf, refresher, serveOf } from "../../support/kit.ts";

const entry = entryOf({ staleAt: 60_000, deleteAt: 60_000, fillMs: 1000 });

describe("an early refresh (XFetch)", () => {
  it("is due the earlier the longer the handler took, at one and the same chance", () => {
    const dueAt = (fillMs: number, beta: number): number =>
      Array.from({ length: 60 }, (_, second) => second * 1000).find((now) =>
        isDueEarly({ ...entry, fillMs }, now, beta, () => 1 - Math.exp(-1)),
      ) ?? 60_000;

    expect([dueAt(1000, 1), dueAt(10_000, 1), dueAt(1000, 20)]).toEqual([59_000, 50_000, 40_000]);
  });

  it("has the chance that the source gives: exp(-rest / (fillMs * beta))", () => {
    const draws = 20_000;
    const due = Array.from({ length: draws }, (_, at) =>
      isDueEarly(entry, 59_000, 1, () => (at + 0.5) / draws),
    ).filter(Boolean).length;

    expect(due / draws).toBeCloseTo(Math.exp(-1), 3);
  });

  it("is never due for an entry that never goes stale, or without a known run duration", () => {
    const { fillMs: _, ...timeless } = entry;

    expect([
      isDueEarly({ ...entry, staleAt: Infinity }, 0, 100, () => 0.999),
      isDueEarly(timeless, 59_999, 100, () => 0.999),
    ]).toEqual([false, false]);
  });

  it("runs once in the background of a hit", () => {
    const { fills, refresh } = refresher();
    const kit = kitOf({ cache: { random: () => 0.999 }, route: { ttl: 60, earlyRefresh: 1 } });
    const leader = fillOf(kit.now());
    kit.clock.advance(1);
    answer(leader, { body: "old" });
    kit.clock.advance(55);

    const hits = [kit.now({ refresh }), kit.now({ refresh })].map((decision) => serveOf(decision).outcome);

    expect([hits, fills.length]).toEqual([["hit", "hit"], 1]);
  });

  it("is off by default", () => {
    const { fills, refresh } = refresher();
    const kit = kitOf({ cache: { random: () => 0.999 }, route: { ttl: 60 } });
    kit.ask();
    kit.clock.advance(59);
    kit.now({ refresh });

    expect(fills).toEqual([]);
  });
});

describe("jitter", () => {
  it("shortens a lifetime by its part at most, and never lengthens it", () => {
    assert(
      property(
        double({ min: 0, max: 1, noNaN: true }),
        double({ min: 0, max: 1, noNaN: true }),
        (jitter, draw) => {
          const at = jittered(61_000, 1000, jitter, () => draw);
          expect(at).toBeLessThanOrEqual(61_000);
          expect(at).toBeGreaterThanOrEqual(61_000 - 60_000 * jitter - 1e-6);
        },
      ),
    );
  });

  it("shortens each stored lifetime by a draw of its own", () => {
    const { ask, now, clock } = kitOf({ cache: { random: () => 0.5 }, route: { ttl: 60, jitter: 0.2 } });
    ask();
    clock.advance(53.9);
    const before = now().kind;
    clock.advance(0.2);

    expect([before, now().kind]).toEqual(["serve", "fill"]);
  });

  it("leaves an endless lifetime alone", () => {
    expect(jittered(Infinity, 0, 1, () => 0.5)).toBe(Infinity);
  });
});
