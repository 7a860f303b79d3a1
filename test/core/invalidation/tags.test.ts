import { describe, expect, it } from "vitest";
import { Tags } from "../../../src/core/invalidation/tags.ts";

/** A clock's `now` that is set by hand. */
function handClock(start = 1000): { now: () => number; at: number } {
  const clock = { at: start, now: () => clock.at };
  return clock;
}

describe("an entry", () => {
  it("is outdated where one of its tags was invalidated after its fill began", () => {
    const tags = new Tags(() => 1000);
    const before = { tags: ["a", "b"], taggedAt: tags.begin() };
    tags.invalidate(["b"]);
    const after = { tags: ["a", "b"], taggedAt: tags.begin() };

    expect([tags.areOutdated(before), tags.areOutdated(after)]).toEqual([true, false]);
  });

  it("is not outdated by tags that it does not have", () => {
    const tags = new Tags(() => 1000);
    const entry = { tags: ["a"], taggedAt: tags.begin() };
    tags.invalidate(["b"]);

    expect([tags.areOutdated(entry), tags.areOutdated({})]).toEqual([false, false]);
  });

  it("is outdated where it has tags and does not tell when its fill began", () => {
    expect(new Tags(() => 1000).areOutdated({ tags: ["a"] })).toBe(true);
  });

  it("is outdated where its fill began before this process", () => {
    expect(new Tags(() => 1000).areOutdated({ tags: ["a"], taggedAt: 999 })).toBe(true);
  });

  it("is outdated by the invalidation of everything where it has tags", () => {
    const tags = new Tags(() => 1000);
    const entry = { tags: ["a"], taggedAt: tags.begin() };
    tags.invalidateAll();

    expect([
      tags.areOutdated(entry),
      tags.areOutdated({}),
      tags.areOutdated({ ...entry, taggedAt: tags.begin() }),
    ]).toEqual([true, false, false]);
  });
});

describe("the memory of invalidated tags", () => {
  it("invalidates too much, never too little, when it is full", () => {
    const { now } = handClock();
    const tags = new Tags(now, 2);
    const old = { tags: ["x"], taggedAt: tags.begin() };
    tags.invalidate(["a"]);
    const young = { tags: ["a", "x"], taggedAt: tags.begin() };

    tags.invalidate(["b", "c"]);

    expect([tags.areOutdated(old), tags.areOutdated(young)]).toEqual([true, false]);
  });

  it("is bounded in characters, too", () => {
    const tags = new Tags(() => 1000, 2);
    const old = { tags: ["x"], taggedAt: tags.begin() };

    tags.invalidate(["a".repeat(200)]);

    expect(tags.areOutdated(old)).toBe(true);
  });

  it("does not grow by a tag that is invalidated again and again", () => {
    const tags = new Tags(() => 1000, 2);
    const other = { tags: ["x"], taggedAt: tags.begin() };

    Array.from({ length: 100 }, () => tags.invalidate(["a"]));

    expect(tags.areOutdated(other)).toBe(false);
  });

  it("tells before from after within one instant, and with a clock that was set back", () => {
    const clock = handClock();
    const tags = new Tags(clock.now);
    const before = { tags: ["a"], taggedAt: tags.begin() };
    tags.invalidate(["a"]);
    clock.at = 1;
    const after = { tags: ["a"], taggedAt: tags.begin() };

    expect([tags.areOutdated(before), tags.areOutdated(after)]).toEqual([true, false]);
  });
});
