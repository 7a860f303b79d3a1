import { describe, expect, it } from "vitest";
import type { Clock, RouteOptions, Store } from "../../src/index.ts";
import { testClock } from "../../src/testing/clock.ts";
import { answer, asking, asyncStore, fillOf, kitOf, refresher, serveOf, settle } from "../support/kit.ts";
import type { Asked, Kit } from "../support/kit.ts";

describe("what the simulation found", () => {
  it("what a client demands of a stale response is asked again once it has waited for an error", async () => {
    // given
    const { fills, refresh } = refresher();
    const kit = kitOf({ route: { ttl: 1, staleIfError: 60, requestDirectives: true } });
    answer(fillOf(kit.now()));
    kit.clock.advance(5);
    const decided = asking(kit, { refresh, headers: { "cache-control": "max-age=10" } });
    await settle();

    // when
    kit.clock.advance(10);
    await settle();

    // then
    expect([fills.length, decided()?.kind]).toEqual([1, "fill"]);
  });

  it("a client that wants nothing stored refreshes nothing early", () => {
    // given
    const { fills, refresh } = refresher();
    const kit = kitOf({
      cache: { random: () => 0.999 },
      route: { ttl: 60, earlyRefresh: 100, requestDirectives: true },
    });
    const fill = fillOf(kit.now());
    kit.clock.advance(1);
    answer(fill);
    kit.clock.advance(58);

    // when
    const asked = { refresh, headers: { "cache-control": "no-store" } };
    const { outcome } = serveOf(kit.now(asked));
    kit.now({ refresh });

    // then
    expect([outcome, fills.length]).toEqual(["hit", 1]);
    expect(kit.cache.stats().refusals).toEqual({});
  });

  it("a clock that is set back makes nobody wait for another run again", async () => {
    // given
    const timers = testClock();
    let behindMs = 0;
    const schedule: Clock["schedule"] = (callback, delayMs) => timers.schedule(callback, delayMs);
    const clock: Clock = { now: () => timers.now() - behindMs, schedule };
    const kit = kitOf({ cache: { clock }, route: { waitMs: 1000 } });
    kit.now();
    const decided = [asking(kit, {}), asking(kit, {})];
    await settle();

    // when
    behindMs = 10_000;
    timers.advance(1);
    await settle();

    // then
    expect(decided.map((one) => one()?.kind)).toEqual(["fill", "fill"]);
  });

  it.each<[string, RouteOptions<Asked>, (kit: Kit) => void]>([
    [
      "an unsafe request",
      { invalidateOnUnsafe: true },
      (kit: Kit) => void answer(fillOf(kit.now({ method: "POST" }))),
    ],
    ["an invalidation", { key: () => "reports" }, (kit: Kit) => void kit.cache.invalidate("reports")],
  ])("what %s removes is gone before a slow store has removed it", async (_what, route, remove) => {
    // given
    const store: Store = { ...asyncStore(), delete: () => new Promise(() => undefined) };
    const kit = kitOf({ cache: { store }, route });
    answer(fillOf(await kit.begin()));
    await settle();

    // when
    remove(kit);

    // then
    expect((await kit.begin()).kind).toBe("fill");
  });
});
