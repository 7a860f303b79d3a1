import { describe, expect, it } from "vitest";
import { calledBy, placesOf, urlName } from "../../../src/core/invalidation/names.ts";
import { platformDigest } from "../../../src/platform.ts";
import type { RouteOptions } from "../../../src/index.ts";
import { kitOf, requestOf } from "../../support/kit.ts";
import type { Asked } from "../../support/kit.ts";

const DIGEST = platformDigest(new Uint8Array());

function placesBy(
  route: RouteOptions<Asked>,
  request: {
    readonly target: string;
    readonly rewritten?: string;
    readonly params?: Record<string, unknown>;
  },
): readonly string[] {
  return placesOf({ ...requestOf(), ...request }, kitOf({ route }).policy, "HTTP://A.test:80", DIGEST);
}

describe("the names of a response", () => {
  it("are its route, by name and by path, and its URL without the query", () => {
    expect(placesBy({}, { target: "/reports?page=2" })).toEqual([
      "r|GET /reports",
      "r|/reports",
      "u|http://a.test /reports",
    ]);
  });

  it("are its own name, its namespace and its parameters, too, where it has them", () => {
    const params = { team: "a", id: "7", missing: undefined, rest: ["b", "c"] };

    expect(placesBy({ route: "report", namespace: "n" }, { target: "/reports", params })).toEqual([
      "r|report",
      "r|/reports",
      "n|n",
      'p|report [["id","7"],["rest","b/c"],["team","a"]]',
      'p|/reports [["id","7"],["rest","b/c"],["team","a"]]',
      "u|http://a.test /reports",
    ]);
  });

  it("are the parameters of the path that the router leaves out, where the URL has them", () => {
    const route = { route: "GET /teams/:team/users/:id" };
    const target = "/Teams/a%2Fb/users/7/?x";

    expect(placesBy(route, { target, params: { id: "7" } })).toContain(
      'p|/teams/:team/users/:id [["id","7"],["team","a/b"]]',
    );
    expect(placesBy(route, { target: "/x", rewritten: target })).toContain(
      'p|/teams/:team/users/:id [["id","7"],["team","a/b"]]',
    );
    expect(placesBy(route, { target: "/teams/%/users/7" })).toContain(
      'p|/teams/:team/users/:id [["id","7"],["team","%"]]',
    );
    expect(placesBy(route, { target: "/users/7" }).filter((name) => name.startsWith("p|"))).toEqual([]);
  });

  it("are no parameters where an optional one is absent", () => {
    for (const params of [undefined, {}, { id: "" }, { id: undefined }])
      expect(placesBy({ route: "GET /a/:id?" }, { target: "/a", ...(params && { params }) })).toContain(
        "p|/a/:id? []",
      );
  });

  it("are the rewritten URL, too", () => {
    expect(placesBy({}, { target: "/en/a", rewritten: "/a?b" }).slice(2)).toEqual([
      "u|http://a.test /en/a",
      "u|http://a.test /a",
    ]);
  });
});

describe("the names that a mark may have for an entry", () => {
  const entry = { key: "x", names: ["t|a", "g|http://a|b", "r|/a", "u|http://a.test /a"] };

  it("are all, its URL on any origin, and its key", () => {
    expect(calledBy(entry)).toEqual([...entry.names, "u|* /a", "k|x"]);
  });
});

describe("the name of a URL", () => {
  it.each([
    ["/~a", "/%7ea"],
    ["/a:b", "/a%3Ab"],
    ["/%C3%A9", "/\u00e9"],
    ["/%C3%A9", "/%c3%a9"],
    ["/%EF%BF%BD", "/\ud800"],
  ])("is the same for %j and %j", (one, other) => {
    expect(urlName(undefined, one, DIGEST)).toBe(urlName(undefined, other, DIGEST));
  });

  it.each([
    ["/a", "/a/"],
    ["/a", "/A"],
    ["/a/b", "/a%2Fb"],
    ["/a%25", "/a%"],
  ])("is not the same for %j and %j", (one, other) => {
    expect(urlName(undefined, one, DIGEST)).not.toBe(urlName(undefined, other, DIGEST));
  });
});
