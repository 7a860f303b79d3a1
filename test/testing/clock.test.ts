import { describe, expect, it } from "vitest";
import { testClock } from "../../src/testing/index.ts";

describe("a test clock", () => {
  it("stands still until it is told to move", () => {
    const clock = testClock(1000);

    clock.advance(1.5);

    expect(clock.now()).toBe(2500);
  });

  it("begins with the year 2026 unless it is told otherwise", () => {
    expect(new Date(testClock().now()).toISOString()).toBe("2026-01-01T00:00:00.000Z");
  });

  it("runs what falls due in order of time, each at its own instant", () => {
    const clock = testClock(0);
    const ran: (readonly [string, number])[] = [];
    clock.schedule(() => ran.push(["late", clock.now()]), 2000);
    clock.schedule(() => ran.push(["early", clock.now()]), 1000);
    clock.schedule(() => ran.push(["early too", clock.now()]), 1000);
    clock.schedule(() => ran.push(["not yet", clock.now()]), 2001);

    clock.advance(2);

    expect(ran).toEqual([
      ["early", 1000],
      ["early too", 1000],
      ["late", 2000],
    ]);
    expect(clock.pending).toBe(1);
  });

  it("runs what a callback schedules on the way", () => {
    const clock = testClock(0);
    const ran: number[] = [];
    clock.schedule(() => clock.schedule(() => ran.push(clock.now()), 1000), 1000);

    clock.advance(3);

    expect(ran).toEqual([2000]);
    expect(clock.now()).toBe(3000);
  });

  it("runs nothing that was cancelled", () => {
    const clock = testClock();
    const ran: string[] = [];
    const cancel = clock.schedule(() => ran.push("cancelled"), 0);

    cancel();
    clock.advance(1);

    expect(ran).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
