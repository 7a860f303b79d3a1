import { describe, expect, it } from "vitest";
import { outdatedGroups, tagsOf } from "../../../src/core/invalidation/tags.ts";
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
