import { describe, expect, it } from "vitest";
import { SeenMarks, standsFor } from "../../../src/core/invalidation/seen-marks.ts";

const exactly = (name: string, position: number): object => ({ name, above: position - 1, last: position });

describe("the marks that a log was seen to have", () => {
  it("are expected from the last one on", () => {
    const seen = new SeenMarks();
    const before = seen.expected();
    seen.read({ name: "t|a", position: 1 });
    seen.read({ name: "t|b", position: 5 });

    expect([before, seen.last, seen.expected()]).toEqual([
      [],
      { name: "t|b", position: 5 },
      [exactly("t|b", 5)],
    ]);
  });

  it("that were added here are expected at their own positions, until a read was to have them", () => {
    const seen = new SeenMarks();
    seen.added(["t|a", "t|b"], 10, 15);
    const expected = seen.expected();
    seen.added(["t|c"], 15, 16);
    seen.checked(expected);

    expect([expected, seen.expected()]).toEqual([
      [
        { name: "t|a", above: 10, last: 14 },
        { name: "t|b", above: 14, last: 15 },
      ],
      [{ name: "t|c", above: 15, last: 16 }],
    ]);
  });

  it("that were added here outlast what was read, where that is forgotten", () => {
    const seen = new SeenMarks();
    seen.read({ name: "t|a", position: 1 });
    seen.added(["t|b"], 1, 2);
    seen.forget();

    expect([seen.last, seen.expected()]).toEqual([undefined, [{ name: "t|b", above: 1, last: 2 }]]);
  });

  it("show by one that is still where it was that all before it are there: not by one that was marked again", () => {
    const seen = new SeenMarks();
    for (const [at, name] of ["t|a", "t|b", "t|c", "t|b"].entries()) seen.read({ name, position: at + 1 });

    expect([seen.before(3, 0), seen.before(4, 0), seen.before(1, 0)]).toEqual([
      exactly("t|a", 1),
      exactly("t|c", 3),
      undefined,
    ]);
  });

  it("by key do not show it once they may have been forgotten", () => {
    const seen = new SeenMarks();
    seen.read({ name: "t|a", position: 1 });
    seen.read({ name: "k|a", position: 2 });

    expect([seen.before(3, 2), seen.before(3, 3)]).toEqual([exactly("k|a", 2), exactly("t|a", 1)]);
  });

  it("are bounded, and everything is never forgotten", () => {
    const seen = new SeenMarks();
    seen.read({ name: "*", position: 1 });
    for (let at = 2; at < 3000; at++) seen.read({ name: `t|${at}`, position: at });

    expect([seen.before(1500, 0), seen.before(2, 0)]).toEqual([exactly("*", 1), exactly("*", 1)]);
  });
});

describe("a mark", () => {
  it.each<[string, number, boolean]>([
    ["t|a", 5, true],
    ["t|a", 6, true],
    ["t|a", 4, false],
    ["t|", 5, true],
    ["t|", 4, false],
    ["t|b", 9, false],
    ["*", 9, false],
  ])("%s at %i shows that t|a at 5 is still there, or forgotten: %s", (name, position, shows) => {
    expect(standsFor({ name, position }, { name: "t|a", above: 4, last: 5 })).toBe(shows);
  });
});
