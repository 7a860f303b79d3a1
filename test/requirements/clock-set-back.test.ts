import { describe, expect, it } from "vitest";
import { formatHttpDate } from "../../src/http/http-date.ts";
import { memoryStore } from "../../src/index.ts";
import type { Clock } from "../../src/index.ts";
import { testClock } from "../../src/testing/clock.ts";
import { answer, asking, fillOf, kitOf, refresher, said, settle, textOf } from "../support/kit.ts";
import type { KitOptions } from "../support/kit.ts";

const STATUS = "cache-status";

describe("after the clock was set back", () => {
  it.each([[5], [50], [3600], [86_400]])("an entry lives no longer than it had, by %d s", (back) => {
    const { ask, now, clock } = kitOf({ route: { ttl: 60 } });
    ask();
    clock.advance(50);
    expect(said(ask(), STATUS)).toBe("caching-route;hit;ttl=10");

    clock.advance(-back);

    expect([said(ask(), STATUS), said(ask(), "age")]).toEqual(["caching-route;hit;ttl=10", "50"]);
    clock.advance(10);
    expect(now().kind).toBe("fill");
  });

  it("an entry lives no longer than it had, where the clock is set back again and again", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 60 } });
    ask();
    for (const seconds of [20, -5, 20, -3600, 19]) {
      clock.advance(seconds);
      ask();
    }
    expect(said(ask(), STATUS)).toBe("caching-route;hit;ttl=1");

    clock.advance(1);

    expect(now().kind).toBe("fill");
  });

  it("a response with an Age lives no longer than the route's ttl", () => {
    const { ask, clock } = kitOf({ route: { ttl: 60 } });
    ask({}, { headers: { age: "1000" } });

    clock.advance(-500);

    expect(said(ask(), STATUS)).toBe("caching-route;hit;ttl=60");
  });

  it("a response that is stored since lives for its whole lifetime", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 60 } });
    ask({ target: "/a" });
    clock.advance(-3600);

    ask();
    clock.advance(59);

    expect(said(ask(), STATUS)).toBe("caching-route;hit;ttl=1");
    clock.advance(1);
    expect(now().kind).toBe("fill");
  });

  it("a Date by the right clock makes no response old", () => {
    const { ask, clock } = kitOf({ route: { ttl: "response" } });
    ask({ target: "/a" });
    clock.advance(-3600);

    ask({}, { headers: { "cache-control": "max-age=60", date: formatHttpDate(clock.now()) } });

    expect([said(ask(), STATUS), said(ask(), "age")]).toEqual(["caching-route;hit;ttl=60", "0"]);
  });

  it("a response with Expires lives until then", () => {
    const { ask, clock } = kitOf({ route: { ttl: "response" } });
    ask({ target: "/a" });
    clock.advance(-3600);

    ask({}, { headers: { expires: formatHttpDate(clock.now() + 60_000) } });

    expect(said(ask(), STATUS)).toBe("caching-route;hit;ttl=60");
  });

  it("a stale window closes in time", () => {
    const { refresh } = refresher();
    const { ask, now, clock } = kitOf({ route: { ttl: 10, staleWhileRevalidate: 20 } });
    ask({ refresh });
    clock.advance(15);
    ask({ refresh, target: "/b" });

    clock.advance(-3600);
    ask({ refresh, target: "/b" });
    clock.advance(15);

    expect(now({ refresh }).kind).toBe("fill");
  });

  it("a failed refresh is retried as soon as before", () => {
    const { fills, refresh } = refresher();
    const { ask, now, clock } = kitOf({
      cache: { onError: () => undefined },
      route: { ttl: 10, staleWhileRevalidate: 600 },
    });
    ask({ refresh });
    clock.advance(10);
    now({ refresh });
    fills[0]?.abandon("failed", new Error("no"));

    clock.advance(-3600);
    now({ refresh });
    clock.advance(1);
    now({ refresh });

    expect(fills.length).toBe(2);
  });

  it("an uncacheable resource is remembered for as long as before", () => {
    const { now, ask, clock } = kitOf({ route: { uncacheableTtl: 10 } });
    ask({}, { headers: { "cache-control": "private" } });

    clock.advance(-3600);
    const before = fillOf(now()).hidden;
    clock.advance(10);

    expect(before).toEqual([]);
    expect(fillOf(now()).hidden).toContain("range");
  });
});

describe("an entry from the future, in a store that outlives its process,", () => {
  function restarted(seconds: number, stored: KitOptions["route"] = {}): ReturnType<typeof kitOf> {
    const store = memoryStore();
    const route = { key: () => "k", ttl: 60, ...stored };
    kitOf({ cache: { store, clock: testClock() }, route }).ask({}, { body: "old" });
    const clock = testClock(Date.UTC(2026, 0, 1) - seconds * 1000);
    return kitOf({ cache: { store, clock }, route });
  }

  it.each([[2], [3600]])("is not served: by %d s", (seconds) => {
    expect(restarted(seconds).now().kind).toBe("fill");
  });

  it("is not served in place of an error", () => {
    const { now } = restarted(3600, { ttl: 0, staleIfError: 60 });

    expect(answer(fillOf(now({ refresh: () => undefined })), { status: 500 }).status).toBe(500);
  });

  it("counts as new where its clock is ahead by less than a second", () => {
    const { ask } = restarted(0.9);

    expect([textOf(ask()), said(ask(), STATUS), said(ask(), "age")]).toEqual([
      "old",
      "caching-route;hit;ttl=60",
      "0",
    ]);
  });
});

describe("a request that waits while the clock is set back", () => {
  it("waits no longer than maxWait, though its leader changes", async () => {
    const at = testClock();
    let shift = 0;
    const clock = { now: () => at.now() + shift, schedule: at.schedule.bind(at) };
    const kit = kitOf({ cache: { clock }, route: { maxWait: 10 } });
    const first = fillOf(kit.now());
    const second = asking(kit, {});
    const third = asking(kit, {});
    await settle();
    shift = -3_600_000;
    first.abandon("aborted");
    await settle();
    expect(fillOf(second()!)).toBeDefined();

    at.advance(11);
    await settle();

    expect(third()).toBeDefined();
  });

  it("does not wait for a second run once maxWait is over", async () => {
    const timers = testClock();
    let behindMs = 0;
    const schedule: Clock["schedule"] = (callback, delayMs) => timers.schedule(callback, delayMs);
    const clock: Clock = { now: () => timers.now() - behindMs, schedule };
    const kit = kitOf({ cache: { clock }, route: { maxWait: 1 } });
    kit.now();
    const decided = [asking(kit, {}), asking(kit, {})];
    await settle();

    behindMs = 10_000;
    timers.advance(1);
    await settle();

    expect(decided.map((one) => one()?.kind)).toEqual(["fill", "fill"]);
  });
});
