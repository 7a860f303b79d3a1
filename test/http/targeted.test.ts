import { describe, expect, it } from "vitest";
import { parseCacheControl } from "../../src/http/cache-control.ts";
import { parseCacheControls, parseTargetedCacheControl } from "../../src/http/targeted.ts";

describe("a targeted Cache-Control", () => {
  it.each([[undefined], [""], ["  "], ["max-age=60,"], ["MAX-AGE=60"], ["max-age=60, no store"], ["&"]])(
    "is ignored where it is %j",
    (value) => {
      expect(parseTargetedCacheControl(value)).toBeUndefined();
    },
  );

  it.each([
    ["max-age=60", "max-age=60"],
    ["max-age=60;ext=1, s-maxage=5", "max-age=60, s-maxage=5"],
    ["no-store", "no-store"],
    ["no-store=?1", "no-store"],
    ["no-store, max-age=60", "no-store, max-age=60"],
    ["private", "private"],
    ['private="x-user"', 'private="x-user"'],
    ['no-cache="a, b"', 'no-cache="a, b"'],
    ["must-revalidate, stale-if-error=5", "must-revalidate, stale-if-error=5"],
    ["max-age=1, max-age=2", "max-age=2"],
  ])("is read as Cache-Control: %j is %j", (value, same) => {
    expect(parseTargetedCacheControl(value)).toEqual(parseCacheControl(same));
  });

  it.each([
    ['max-age="60"'],
    ["max-age=60.5"],
    ["max-age=-60"],
    ["max-age=?0"],
    ["max-age=:NjA=:"],
    ["max-age=@60"],
    ["max-age=(60)"],
    ["no-store=?0"],
    ["private=?0"],
    ["foo, bar=1"],
  ])("is valid and has no effect with %j", (value) => {
    expect(parseTargetedCacheControl(value)).toEqual(parseCacheControl(undefined));
  });

  it("forbids storing for its own reason, whatever stands beside it", () => {
    const said = parseTargetedCacheControl('no-store, groups=("a" "b"), name=%"x"');

    expect(said?.noStore).toBe(true);
  });

  it.each([["no-store=1"], ["no-store=x"], ['no-store="x"'], ["no-store=(1 2)"]])(
    "forbids storing even with an argument that the directive does not have: %j",
    (value) => {
      expect(parseTargetedCacheControl(value)?.noStore).toBe(true);
    },
  );

  it.each([["private=x"], ['private=""'], ['private=("a" "b")'], ["private=1"]])(
    "is private as a whole where the argument cannot be read: %j",
    (value) => {
      expect(parseTargetedCacheControl(value)?.private).toBe(true);
    },
  );
});

describe("a targeted field beside a Cache-Control that forbids storing", () => {
  it.each([
    ['max-age="60"'],
    ["max-age"],
    ["max-age=60.5"],
    ["max-age=-60"],
    ['public, max-age="60"'],
    ["max-age=60, s-maxage=x"],
    ["public=1"],
    ["foo"],
    ["foo=1, bar"],
    ["max-age=60, &"],
    ["MAX-AGE=60"],
    ["max-age 60"],
    [""],
  ])("does not allow storing with %j", (targeted) => {
    const read = ["no-store", "private", "no-cache", 'private="x-a"'].map((general) =>
      parseCacheControls(targeted, general),
    );

    expect(read.map(({ cacheControl }) => cacheControl)).toEqual(
      ["no-store", "private", "no-cache", 'private="x-a"'].map(parseCacheControl),
    );
  });

  it.each([
    ["max-age=60", "max-age=60"],
    ["no-store=?0, max-age=60", "max-age=60"],
    ["max-age=60, foo=1.5", "max-age=60"],
    ["must-revalidate", "must-revalidate"],
    ['private, max-age="60"', "private"],
  ])("decides with %j", (targeted, same) => {
    expect(parseCacheControls(targeted, "no-store")).toEqual({
      cacheControl: parseCacheControl(same),
      isTargeted: true,
    });
  });

  it("decides where nothing is forbidden, though it is malformed", () => {
    const { cacheControl, isTargeted } = parseCacheControls('max-age="60"', "max-age=3600");

    expect([cacheControl.maxAge, isTargeted]).toEqual([undefined, true]);
  });
});
