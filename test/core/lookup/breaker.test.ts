import { describe, expect, it } from "vitest";
import { Breaker } from "../../../src/core/lookup/breaker.ts";
import { testClock } from "../../../src/testing/clock.ts";
import type { TestClock } from "../../../src/testing/clock.ts";

interface Watched {
  readonly breaker: Breaker<"main" | "other">;
  readonly clock: TestClock;
  readonly told: unknown[];
  fail(times: number, kind?: "main" | "other"): void;
}

function watched(): Watched {
  const clock = testClock();
  const told: unknown[] = [];
  const breaker = new Breaker<"main" | "other">(clock, "main", {
    opened: (error, isNews) => told.push(["opened", error, isNews]),
    recovered: (afterMs) => told.push(["recovered", afterMs]),
  });
  return {
    breaker,
    clock,
    told,
    fail: (times, kind = "main") => {
      for (let n = 1; n <= times; n++) breaker.failed(kind, n);
    },
  };
}

describe("a breaker", () => {
  it("lets calls through until five in a row have failed", () => {
    const { breaker, told, fail } = watched();
    fail(4);
    const before = breaker.admits();
    fail(1);

    expect([before, breaker.admits(), told]).toEqual([true, false, [["opened", 1, true]]]);
  });

  it("begins a new row with each success", () => {
    const { breaker, fail } = watched();
    fail(4);
    breaker.passed("main");
    fail(4);

    expect(breaker.isOpen).toBe(false);
  });

  it("lets one call through half a second after it has opened, and no other before that has ended", () => {
    const { breaker, clock, fail } = watched();
    fail(5);
    clock.advance(0.499);
    const early = breaker.admits();
    clock.advance(0.001);

    expect([early, breaker.isPassable, breaker.admits(), breaker.isPassable, breaker.admits()]).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it("closes by a trial that succeeds", () => {
    const { breaker, clock, told, fail } = watched();
    fail(5);
    clock.advance(0.5);
    breaker.admits();
    breaker.passed("main");

    expect([breaker.isOpen, breaker.admits(), told.at(-1)]).toEqual([false, true, ["recovered", 500]]);
  });

  it("waits half a second more after a trial that fails, and tells nothing of that", () => {
    const { breaker, clock, told, fail } = watched();
    fail(5);
    clock.advance(0.5);
    breaker.admits();
    fail(1);
    clock.advance(0.4);
    const early = breaker.admits();
    clock.advance(0.1);

    expect([early, breaker.admits(), told.length]).toEqual([false, true, 1]);
  });

  it("opens where one kind fails and the other goes on", () => {
    const { breaker, fail } = watched();
    for (let n = 0; n < 5; n++) {
      fail(1);
      breaker.passed("other");
    }

    expect(breaker.isOpen).toBe(true);
  });

  it("stays open where the kind succeeds that has not failed, and tries the other at once", () => {
    const { breaker, clock, fail } = watched();
    fail(5);
    clock.advance(0.5);
    breaker.admits();
    breaker.passed("other");

    expect([breaker.isOpen, breaker.admits()]).toEqual([true, true]);
  });

  it("goes on with its trials where one is of the other kind, and fails", () => {
    const { breaker, clock, fail } = watched();
    fail(5);
    clock.advance(0.5);
    breaker.admits();
    fail(1, "other");
    clock.advance(0.5);

    expect(breaker.admits()).toBe(true);
  });

  it("closes by the kind that alone has failed", () => {
    const { breaker, clock, told, fail } = watched();
    fail(5, "other");
    clock.advance(0.5);
    breaker.admits();
    breaker.passed("other");

    expect([breaker.isOpen, told.length]).toEqual([false, 2]);
  });

  it("opens again by one failure of a kind that has not succeeded since, and tells nothing of that", () => {
    const { breaker, told, fail } = watched();
    fail(5, "other");
    breaker.passed("main");
    const between = breaker.isOpen;
    fail(1, "other");

    expect([
      between,
      breaker.isOpen,
      breaker.isKnown("main"),
      told.map((event) => (event as unknown[])[2]),
    ]).toEqual([false, true, true, [true, false]]);
  });

  it("has no trials where that is left to probes, and closes by one that succeeds", () => {
    const { breaker, clock, fail } = watched();
    breaker.leaveTo("other");
    fail(5);
    clock.advance(60);
    const before = breaker.admits();
    breaker.passed("other");

    expect([before, breaker.admits()]).toEqual([false, true]);
  });

  it("is not opened by probes that fail, and only the first of them in a row is news", () => {
    const { breaker, told, fail } = watched();
    breaker.leaveTo("other");
    const known = [breaker.isKnown("other")];
    fail(6, "other");
    known.push(breaker.isKnown("other"), breaker.isKnown("main"));
    breaker.passed("other");

    expect([breaker.isOpen, told, [...known, breaker.isKnown("other")]]).toEqual([
      false,
      [],
      [false, true, false, false],
    ]);
  });

  it("is not closed by a probe for half a second, where what failed is not what is probed", () => {
    const { breaker, clock, fail } = watched();
    breaker.leaveTo("other");
    fail(5);
    breaker.passed("other");
    const before = breaker.admits();
    clock.advance(0.5);
    breaker.passed("other");
    const after = breaker.admits();
    fail(1);
    breaker.passed("other");

    expect([before, after, breaker.admits()]).toEqual([false, true, false]);
  });

  it("that is suspected opens by one failure, and by none after a success", () => {
    const [failing, working] = [watched(), watched()];
    failing.breaker.suspect();
    failing.fail(1);
    working.breaker.suspect();
    working.breaker.passed("main");
    working.fail(4);

    expect([failing.breaker.isOpen, working.breaker.isOpen, working.told]).toEqual([true, false, []]);
  });

  it("may be tried again at any time, and opens by one failure then", () => {
    const { breaker, told, fail } = watched();
    fail(5);
    breaker.tryAgain();
    const before = [breaker.admits(), breaker.isKnown("main")];
    fail(1);

    expect([before, breaker.admits(), told.length]).toEqual([[true, true], false, 2]);
  });

  it("lets nothing through once it is shut, whatever succeeds", () => {
    const { breaker, clock, told } = watched();
    breaker.shut();
    breaker.tryAgain();
    breaker.passed("main");
    clock.advance(60);

    expect([breaker.admits(), told]).toEqual([false, []]);
  });
});
