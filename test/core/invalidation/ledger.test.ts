import { describe, expect, it } from "vitest";
import { Ledger } from "../../../src/core/invalidation/ledger.ts";
import type { Marked } from "../../../src/core/invalidation/names.ts";

/** A clock's `now` that is set by hand. */
function handClock(start = 1000): { now: () => number; at: number } {
  const clock = { at: start, now: () => clock.at };
  return clock;
}

/** What a fill that begins now stores. */
function entryIn(ledger: Ledger, names: readonly string[], key?: string): Marked {
  return { names, began: ledger.position, ...(key !== undefined && { key }) };
}

describe("an entry", () => {
  it("is dead where one of its names was marked after its fill began", () => {
    const ledger = new Ledger(() => 1000);
    const before = entryIn(ledger, ["t|a", "t|b"]);
    ledger.mark(["t|b"]);
    const after = entryIn(ledger, ["t|a", "t|b"]);

    expect([ledger.isDead(before), ledger.isDead(after)]).toEqual([true, false]);
  });

  it("is not dead by names that it does not have", () => {
    const ledger = new Ledger(() => 1000);
    const entries = [entryIn(ledger, ["t|a", "r|/a", "u|http://a /a"], "x"), entryIn(ledger, [])];
    ledger.mark(["t|b", "r|/b", "u|* /b", "u|http://b /a", "n|users", "k|y"]);

    expect(entries.map((entry) => ledger.isDead(entry))).toEqual([false, false]);
  });

  it.each(["t|a", "g|http://a|x", "r|/a", "p|/a []", "n|users", "u|http://a /a", "u|* /a", "k|x"])(
    "is dead by the mark %s",
    (name) => {
      const ledger = new Ledger(() => 1000);
      const names = ["t|a", "g|http://a|x", "r|/a", "n|users", "p|/a []", "u|http://a /a"];
      const before = entryIn(ledger, names, "x");
      ledger.mark([name]);

      expect([ledger.isDead(before), ledger.isDead(entryIn(ledger, names, "x"))]).toEqual([true, false]);
    },
  );

  it("is dead where its fill began before this ledger", () => {
    expect(new Ledger(() => 1000).isDead({ names: [], began: 999_999 })).toBe(true);
  });

  it("is dead by a mark of everything", () => {
    const ledger = new Ledger(() => 1000);
    const entry = entryIn(ledger, []);
    ledger.mark(["*"]);

    expect([ledger.isDead(entry), ledger.isDead(entryIn(ledger, []))]).toEqual([true, false]);
  });

  it("is dead by a mark of everything with a tag where it has one", () => {
    const ledger = new Ledger(() => 1000);
    const entries = [["t|a"], ["g|http://a|x", "r|/a"], ["r|/a"], []].map((names) => entryIn(ledger, names));
    ledger.mark(["t|"]);
    entries.push(entryIn(ledger, ["t|a"]));

    expect(entries.map((entry) => ledger.isDead(entry))).toEqual([true, true, false, false, false]);
  });

  it("is stale, and not dead, by a soft mark", () => {
    const clock = handClock();
    const ledger = new Ledger(clock.now);
    const entry = entryIn(ledger, ["t|a"]);
    clock.at = 2000;
    ledger.mark(["~t|a"]);

    expect([ledger.isDead(entry), ledger.staleSince(entry)]).toEqual([false, 2000]);
    expect(ledger.staleSince(entryIn(ledger, ["t|a"]))).toBeUndefined();
  });
});

describe("the memory of marks", () => {
  it("invalidates too much, never too little, where it is full", () => {
    const ledger = new Ledger(handClock().now, 2);
    const old = entryIn(ledger, ["t|x"]);
    const untagged = entryIn(ledger, ["r|/x"]);
    ledger.mark(["t|a"]);
    const young = entryIn(ledger, ["t|a", "t|x"]);

    ledger.mark(["t|b", "t|c"]);

    expect([old, young, untagged].map((entry) => ledger.isDead(entry))).toEqual([true, false, false]);
  });

  it("counts a forgotten route for everything", () => {
    const ledger = new Ledger(() => 1000, 2);
    const old = entryIn(ledger, []);

    ledger.mark(["r|/a"]);
    ledger.mark(["t|b", "t|c"]);

    expect(ledger.isDead(old)).toBe(true);
  });

  it("does not bring back what a mark of everything has made dead", () => {
    const ledger = new Ledger(() => 1000, 1);
    ledger.mark(["t|a"]);
    const entry = entryIn(ledger, ["t|x"]);
    ledger.mark(["t|"]);

    ledger.mark(["t|b"]);
    ledger.mark(["t|c"]);

    expect(ledger.isDead(entry)).toBe(true);
  });

  it("is bounded in characters, too", () => {
    const ledger = new Ledger(() => 1000, 2);
    const old = entryIn(ledger, ["t|x"]);

    ledger.mark([`t|${"a".repeat(200)}`]);

    expect(ledger.isDead(old)).toBe(true);
  });

  it("does not grow by a name that is marked again and again", () => {
    const ledger = new Ledger(() => 1000, 2);
    const other = entryIn(ledger, ["t|x"]);

    Array.from({ length: 100 }, () => ledger.mark(["t|a"]));

    expect(ledger.isDead(other)).toBe(false);
  });

  it("tells before from after within one instant, and with a clock that was set back", () => {
    const clock = handClock();
    const ledger = new Ledger(clock.now);
    const before = entryIn(ledger, ["t|a"]);
    ledger.mark(["t|a"]);
    clock.at = 1;
    const after = entryIn(ledger, ["t|a"]);
    ledger.mark(["t|b"]);

    expect([ledger.isDead(before), ledger.isDead(after)]).toEqual([true, false]);
  });
});

describe("a mark by key of a log", () => {
  function logged(limit?: number): Ledger {
    const ledger = new Ledger(() => 1000, limit, "log");
    ledger.apply({ name: "*", position: 1000 });
    return ledger;
  }

  it("leaves all dead that began before something of the log was known", () => {
    const ledger = new Ledger(() => 1000, undefined, "log");

    expect(ledger.isDead(entryIn(ledger, []))).toBe(true);
  });

  it("is forgotten after 10 minutes, and nothing else is dead by that", () => {
    const ledger = logged();
    const before = [entryIn(ledger, ["r|/x"], "a"), entryIn(ledger, ["r|/x"], "x")];
    ledger.apply({ name: "k|a", position: 2000 });
    const dead = before.map((entry) => ledger.isDead(entry));
    ledger.apply({ name: "k|b", position: 601e6 });

    expect([dead, before.map((entry) => ledger.isDead(entry)), ledger.size]).toEqual([
      [true, false],
      [false, false],
      1,
    ]);
  });

  it("counts for everything where it is forgotten earlier", () => {
    const ledger = logged(2);
    const before = entryIn(ledger, [], "x");
    for (const [index, name] of ["k|a", "k|b", "k|c"].entries())
      ledger.apply({ name, position: 2000 + index });

    expect(ledger.isDead(before)).toBe(true);
  });
});
