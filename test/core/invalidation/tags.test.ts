import { describe, expect, it } from "vitest";
import {
  outdatedGroups,
  TagInvalidations,
  taggedNames,
  tagsOf,
} from "../../../src/core/invalidation/tags.ts";
import { toFields } from "../../../src/http/fields.ts";
import type { RouteOptions } from "../../../src/index.ts";
import { kitOf, requestOf } from "../../support/kit.ts";
import type { Asked, Said } from "../../support/kit.ts";

function tagsBy(
  route: RouteOptions<Asked>,
  headers: Said["headers"] = {},
  origin = "http://example.org",
): readonly string[] | undefined {
  const head = { status: 200, fields: toFields(headers) };
  return tagsOf(requestOf({ target: "/a" }), head, kitOf({ route }).policy, origin);
}

describe("the tags of a response", () => {
  it("are none by default", () => {
    expect(tagsBy({})).toEqual([]);
  });

  it("are those of its route, each once, in a spelling that no group has", () => {
    expect(tagsBy({ tags: ["users", "users", "g|x"] })).toEqual(["t|users", "t|g|x"]);
  });

  it("are those that the route's function returns of request and response", () => {
    const route: RouteOptions<Asked> = {
      tags: ({ target }, { status, header }) => [target!, String(status), header("X-Tag")!],
    };

    expect(tagsBy(route, { "x-tag": "late" })).toEqual(["t|/a", "t|200", "t|late"]);
  });

  it("are its Cache-Groups, of its origin only, where unsafe requests invalidate (RFC 9875 §2)", () => {
    const headers = { "cache-groups": '"a", "b"' };
    const route = { invalidateOnUnsafe: true, tags: ["users"] };

    expect(tagsBy(route, headers, "HTTP://Example.org:80")).toEqual([
      "t|users",
      "g|http://example.org|a",
      "g|http://example.org|b",
    ]);
    expect(tagsBy({}, headers)).toEqual([]);
  });

  it("are no groups where the field cannot be read", () => {
    expect(tagsBy({ invalidateOnUnsafe: true }, { "cache-groups": "a, b" })).toEqual([]);
  });

  it("keep a group of one origin apart from another origin's, whatever the host is called", () => {
    const route = { invalidateOnUnsafe: true };

    expect(tagsBy(route, { "cache-groups": '"b|c"' }, "http://a")).not.toEqual(
      tagsBy(route, { "cache-groups": '"c"' }, "http://a|b"),
    );
  });

  it.each([[undefined], ["users"], [[""]], [[1]]])(
    "are an error where the route's function returns %j",
    (returned) => {
      expect(() => tagsBy({ tags: () => returned as never })).toThrow(
        expect.objectContaining({
          code: "ERR_CACHE_TAGS",
          message: expect.stringContaining("must return a list of non-empty strings"),
        }),
      );
    },
  );
});

describe("the groups that a response to an unsafe request invalidates", () => {
  const groups = (status: number): readonly string[] =>
    outdatedGroups("http://a", { status, fields: toFields({ "cache-group-invalidation": '"x"' }) });

  it.each([200, 204, 303, 399])("are those that it names with %d (RFC 9875 §3)", (status) => {
    expect(groups(status)).toEqual(["g|http://a|x"]);
  });

  it.each([199, 400, 404, 500])("are none with %d", (status) => {
    expect(groups(status)).toEqual([]);
  });

  it("are none where it names none", () => {
    expect(outdatedGroups("http://a", { status: 200, fields: [] })).toEqual([]);
  });
});

describe("the names that are invalidated", () => {
  it("are one tag, or several", () => {
    expect([taggedNames({ tag: "a" }), taggedNames({ tags: ["a", "b"] }), taggedNames({ tags: [] })]).toEqual(
      [["t|a"], ["t|a", "t|b"], []],
    );
  });

  it.each([
    [{}],
    [{ tag: "" }],
    [{ tag: 1 }],
    [{ tags: "users" }],
    [{ tags: [""] }],
    [{ tags: Array.from({ length: 1 }) }],
    [{ tag: "a", tags: ["b"] }],
    [{ tag: "a", key: "b" }],
  ])("cannot be %j", (which) => {
    expect(() => taggedNames(which as never)).toThrow(expect.objectContaining({ code: "ERR_CACHE_TAGS" }));
  });
});

/** A clock's `now` that is set by hand. */
function handClock(start = 1000): { now: () => number; at: number } {
  const clock = { at: start, now: () => clock.at };
  return clock;
}

describe("an entry", () => {
  it("is outdated where one of its tags was invalidated after its fill began", () => {
    const tags = new TagInvalidations(() => 1000);
    const before = { tags: ["a", "b"], taggedAt: tags.begin() };
    tags.invalidate(["b"]);
    const after = { tags: ["a", "b"], taggedAt: tags.begin() };

    expect([tags.areOutdated(before), tags.areOutdated(after)]).toEqual([true, false]);
  });

  it("is not outdated by tags that it does not have", () => {
    const tags = new TagInvalidations(() => 1000);
    const entry = { tags: ["a"], taggedAt: tags.begin() };
    tags.invalidate(["b"]);

    expect([tags.areOutdated(entry), tags.areOutdated({})]).toEqual([false, false]);
  });

  it("is outdated where it has tags and does not tell when its fill began", () => {
    expect(new TagInvalidations(() => 1000).areOutdated({ tags: ["a"] })).toBe(true);
  });

  it("is outdated where its fill began before this process", () => {
    expect(new TagInvalidations(() => 1000).areOutdated({ tags: ["a"], taggedAt: 999 })).toBe(true);
  });

  it("is outdated by the invalidation of everything where it has tags", () => {
    const tags = new TagInvalidations(() => 1000);
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
  it("invalidates too much, never too little, where it is full", () => {
    const { now } = handClock();
    const tags = new TagInvalidations(now, 2);
    const old = { tags: ["x"], taggedAt: tags.begin() };
    tags.invalidate(["a"]);
    const young = { tags: ["a", "x"], taggedAt: tags.begin() };

    tags.invalidate(["b", "c"]);

    expect([tags.areOutdated(old), tags.areOutdated(young)]).toEqual([true, false]);
  });

  it("is bounded in characters, too", () => {
    const tags = new TagInvalidations(() => 1000, 2);
    const old = { tags: ["x"], taggedAt: tags.begin() };

    tags.invalidate(["a".repeat(200)]);

    expect(tags.areOutdated(old)).toBe(true);
  });

  it("does not grow by a tag that is invalidated again and again", () => {
    const tags = new TagInvalidations(() => 1000, 2);
    const other = { tags: ["x"], taggedAt: tags.begin() };

    Array.from({ length: 100 }, () => tags.invalidate(["a"]));

    expect(tags.areOutdated(other)).toBe(false);
  });

  it("tells before from after within one instant, and with a clock that was set back", () => {
    const clock = handClock();
    const tags = new TagInvalidations(clock.now);
    const before = { tags: ["a"], taggedAt: tags.begin() };
    tags.invalidate(["a"]);
    clock.at = 1;
    const after = { tags: ["a"], taggedAt: tags.begin() };

    expect([tags.areOutdated(before), tags.areOutdated(after)]).toEqual([true, false]);
  });
});
