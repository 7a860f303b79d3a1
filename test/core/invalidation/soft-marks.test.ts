import { describe, expect, it } from "vitest";
import { SoftMarks } from "../../../src/core/invalidation/soft-marks.ts";

describe("a soft mark", () => {
  it("makes the entries of its tag stale whose fill began before, from its own instant on", () => {
    const marks = new SoftMarks(10);
    marks.add(["t|a"], 5, 5000);

    expect([
      marks.staleSince({ names: ["t|b", "t|a"], began: 4 }),
      marks.staleSince({ names: ["t|a"], began: 5 }),
      marks.staleSince({ names: ["t|b"], began: 4 }),
      marks.staleSince({ names: [], began: 4 }),
    ]).toEqual([5000, undefined, undefined, undefined]);
  });

  it("does not make stale again what an earlier one has made stale, so that windows do not begin again", () => {
    const marks = new SoftMarks(10);
    for (let at = 1; at <= 1000; at++) marks.add(["t|a"], at, at * 1000);

    expect(marks.staleSince({ names: ["t|a"], began: 0 })).toBe(1000);
  });

  it("counts from the first of several tags", () => {
    const marks = new SoftMarks(10);
    marks.add(["t|b"], 2, 2000);
    marks.add(["t|a"], 3, 3000);

    expect(marks.staleSince({ names: ["t|a", "t|b"], began: 1 })).toBe(2000);
  });

  it("keeps of many marks the one after a long time without any", () => {
    const marks = new SoftMarks(10);
    marks.add(["t|a"], 1, 1);
    for (let at = 9000; at < 9100; at++) marks.add(["t|a"], at, at);

    expect(marks.staleSince({ names: ["t|a"], began: 5000 })).toBe(9000);
  });

  it("is never lost for the entries after which it came, however many there are", () => {
    const marks = new SoftMarks(10);
    for (let at = 1; at <= 1000; at++) marks.add(["t|a"], at, at);

    expect([999, 1000].map((began) => marks.staleSince({ names: ["t|a"], began }))).toEqual([
      1000,
      undefined,
    ]);
  });

  it("is forgotten for the length of names, too, as that of a hostile client may be", () => {
    const marks = new SoftMarks(100);
    for (let at = 1; at <= 90; at++) marks.add([`t|${at}${"x".repeat(1000)}`], at, at);

    expect(marks.staleSince({ names: ["t|other"], began: 50 })).toBe(84);
    expect(marks.staleSince({ names: ["t|other"], began: 84 })).toBeUndefined();
  });

  it("that is forgotten counts for every tag", () => {
    const marks = new SoftMarks(1);
    marks.add(["t|a"], 1, 1000);
    marks.add(["t|b"], 2, 2000);

    expect([
      marks.staleSince({ names: ["t|c"], began: 0 }),
      marks.staleSince({ names: ["t|c"], began: 1 }),
    ]).toEqual([1000, undefined]);
  });

  it("may be for all tags", () => {
    const marks = new SoftMarks(10);
    marks.add(["t|"], 5, 5000);

    expect([
      marks.staleSince({ names: ["t|a"], began: 4 }),
      marks.staleSince({ names: ["t|a"], began: 5 }),
    ]).toEqual([5000, undefined]);
  });

  it("for all tags does not make stale again what an earlier one has made stale", () => {
    const marks = new SoftMarks(10);
    marks.add(["t|a"], 1, 1000);
    marks.add(["t|"], 2, 2000);
    marks.add(["t|"], 3, 3000);

    expect([
      marks.staleSince({ names: ["t|a"], began: 0 }),
      marks.staleSince({ names: ["t|b"], began: 0 }),
      marks.staleSince({ names: ["t|a"], began: 2 }),
    ]).toEqual([1000, 2000, 3000]);
  });

  it("may be for everything", () => {
    const marks = new SoftMarks(10);
    marks.add(["*"], 5, 5000);

    expect([marks.staleSince({ names: [], began: 4 }), marks.staleSince({ names: [], began: 5 })]).toEqual([
      5000,
      undefined,
    ]);
  });

  it("may be for a route, a URL of any origin or a key", () => {
    const marks = new SoftMarks(10);
    const entry = { key: "x", names: ["t|a", "r|/a", "u|http://a /a"], began: 0 };
    const found = [["r|/a"], ["u|* /a"], ["k|x"], ["u|* /b"]].map((names, at) => {
      const own = new SoftMarks(10);
      own.add(names, at + 1, at + 1);
      return own.staleSince(entry);
    });

    expect([marks.staleSince(entry), ...found]).toEqual([undefined, 1, 2, 3, undefined]);
  });

  it("for something else than a tag counts for everything once it is forgotten", () => {
    const marks = new SoftMarks(1);
    marks.add(["r|/a"], 1, 1000);
    marks.add(["t|b"], 2, 2000);

    expect(marks.staleSince({ names: [], began: 0 })).toBe(1000);
  });

  it("is gone once nothing from before it is left", () => {
    const marks = new SoftMarks(10);
    marks.add(["t|a"], 5, 5000);
    marks.clear();

    expect(marks.staleSince({ names: ["t|a"], began: 4 })).toBeUndefined();
  });
});

describe("soft marks that come out of their order", () => {
  it("count by their last position where they are forgotten", () => {
    const marks = new SoftMarks(1);
    marks.add(["t|a"], 5, 5000);
    marks.add(["t|a"], 3, 6000);
    marks.add(["t|b"], 7, 7000);

    expect(marks.staleSince({ names: ["t|x"], began: 4 })).toBe(5000);
  });

  it("do not take the place of a later one that was forgotten", () => {
    const marks = new SoftMarks(1);
    marks.add(["t|a"], 10, 10_000);
    marks.add(["t|b"], 9, 11_000);
    marks.add(["t|c"], 12, 12_000);

    expect(marks.staleSince({ names: ["t|x"], began: 9 })).toBe(10_000);
  });
});
