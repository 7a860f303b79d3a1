import { describe, expect, it } from "vitest";
import { SoftMarks } from "../../../src/core/invalidation/soft-marks.ts";

describe("a soft mark", () => {
  it("makes the entries of its tag stale whose fill began before, from its own instant on", () => {
    const marks = new SoftMarks(10);
    marks.add(["a"], 5, 5000);

    expect([
      marks.staleSince({ tags: ["b", "a"], taggedAt: 4 }),
      marks.staleSince({ tags: ["a"], taggedAt: 5 }),
      marks.staleSince({ tags: ["b"], taggedAt: 4 }),
      marks.staleSince({}),
    ]).toEqual([5000, undefined, undefined, undefined]);
  });

  it("does not make stale again what an earlier one has made stale, so that windows do not begin again", () => {
    const marks = new SoftMarks(10);
    for (let at = 1; at <= 1000; at++) marks.add(["a"], at, at * 1000);

    expect(marks.staleSince({ tags: ["a"], taggedAt: 0 })).toBe(1000);
  });

  it("counts from the first of several tags", () => {
    const marks = new SoftMarks(10);
    marks.add(["b"], 2, 2000);
    marks.add(["a"], 3, 3000);

    expect(marks.staleSince({ tags: ["a", "b"], taggedAt: 1 })).toBe(2000);
  });

  it("keeps of many marks the one after a long time without any", () => {
    const marks = new SoftMarks(10);
    marks.add(["a"], 1, 1);
    for (let at = 9000; at < 9100; at++) marks.add(["a"], at, at);

    expect(marks.staleSince({ tags: ["a"], taggedAt: 5000 })).toBe(9000);
  });

  it("is never lost for the entries after which it came, however many there are", () => {
    const marks = new SoftMarks(10);
    for (let at = 1; at <= 1000; at++) marks.add(["a"], at, at);

    expect([999, 1000].map((taggedAt) => marks.staleSince({ tags: ["a"], taggedAt }))).toEqual([
      1000,
      undefined,
    ]);
  });

  it("that is forgotten counts for every tag", () => {
    const marks = new SoftMarks(1);
    marks.add(["a"], 1, 1000);
    marks.add(["b"], 2, 2000);

    expect([
      marks.staleSince({ tags: ["c"], taggedAt: 0 }),
      marks.staleSince({ tags: ["c"], taggedAt: 1 }),
    ]).toEqual([1000, undefined]);
  });

  it("may be for all tags", () => {
    const marks = new SoftMarks(10);
    marks.addToAll(5, 5000);

    expect([
      marks.staleSince({ tags: ["a"], taggedAt: 4 }),
      marks.staleSince({ tags: ["a"], taggedAt: 5 }),
    ]).toEqual([5000, undefined]);
  });

  it("for all tags does not make stale again what an earlier one has made stale", () => {
    const marks = new SoftMarks(10);
    marks.add(["a"], 1, 1000);
    marks.addToAll(2, 2000);
    marks.addToAll(3, 3000);

    expect([
      marks.staleSince({ tags: ["a"], taggedAt: 0 }),
      marks.staleSince({ tags: ["b"], taggedAt: 0 }),
      marks.staleSince({ tags: ["a"], taggedAt: 2 }),
    ]).toEqual([1000, 2000, 3000]);
  });

  it("is gone once nothing from before it is left", () => {
    const marks = new SoftMarks(10);
    marks.add(["a"], 5, 5000);
    marks.clear();

    expect(marks.staleSince({ tags: ["a"], taggedAt: 4 })).toBeUndefined();
  });
});
