import { describe, expect, it } from "vitest";
import { isSoft, namesIn } from "../../../src/core/invalidation/which.ts";
import type { Known, Which } from "../../../src/core/invalidation/which.ts";
import { platformDigest } from "../../../src/platform.ts";

const KNOWN: Known = {
  digest: platformDigest(new Uint8Array()),
  qualified: (namespace) => `app:${namespace}`,
  pathOf: (route) => (route === "user" ? "/users/:id" : undefined),
  routes: () => ["GET /users/:id", "reports"],
};

function names(which: Which): readonly string[] {
  return namesIn(which, KNOWN);
}

describe("the names to invalidate", () => {
  it.each<[Which, readonly string[]]>([
    [{ tag: "a" }, ["t|a"]],
    [{ tags: ["a", "b"] }, ["t|a", "t|b"]],
    [{ tags: [] }, []],
    [{ namespace: "users" }, ["n|app:users"]],
    [{ route: "/users/:id" }, ["r|/users/:id"]],
    [{ route: "GET /users/:id" }, ["r|/users/:id"]],
    [{ route: "GET,HEAD /users/:id {version: 1}" }, ["r|/users/:id"]],
    [{ route: "user" }, ["r|user"]],
    [{ url: "/users/1" }, ["u|* /users/1"]],
    [{ url: "/users/1?page=2#top" }, ["u|* /users/1"]],
    [{ url: "/%7euser/a%3ab/%2f" }, ["u|* /~user/a:b/%2F"]],
    [{ url: "/caf\u00e9" }, ["u|* /caf%C3%A9"]],
    [{ url: "HTTPS://Example.org:443/users/1?a" }, ["u|https://example.org /users/1"]],
    [{ url: "https://example.org" }, ["u|https://example.org /"]],
    [{ url: "https://example.org?next=/a" }, ["u|https://example.org /"]],
    [{ url: new URL("http://a.test:8080/x") }, ["u|http://a.test:8080 /x"]],
    [{ route: "/users/:id", params: { id: 1 } }, ['p|/users/:id [["id","1"]]', "u|* /users/1"]],
    [
      { route: "GET /teams/:team/users/:id", params: { id: "a/b", team: "x" } },
      ['p|/teams/:team/users/:id [["id","a/b"],["team","x"]]', "u|* /teams/x/users/a%2Fb"],
    ],
    [{ route: "user", params: { id: 1 } }, ['p|user [["id","1"]]', "u|* /users/1"]],
    [{ route: "/files/*", params: { "*": "a/b" } }, ['p|/files/* [["*","a/b"]]', "u|* /files/a/b"]],
    [{ route: "/a/:b(\\d+)", params: { b: 1 } }, ['p|/a/:b(\\d+) [["b","1"]]', "u|* /a/1"]],
    [{ route: "/a{/:b}", params: {} }, ["p|/a{/:b} []"]],
  ])("of %j are %j", (which, expected) => {
    expect(names(which)).toEqual(expected);
  });

  it("are short, however long a path or a parameter is", () => {
    const path = `/${"a".repeat(5000)}`;

    expect(names({ url: path })[0]?.length).toBeLessThan(64);
    expect(names({ url: path })).not.toEqual(names({ url: `${path}a` }));
  });

  it.each([
    [{ tag: "" }],
    [{ tag: 1 }],
    [{ tags: "users" }],
    [{ tags: [""] }],
    [{ tags: Array.from({ length: 1 }) }],
  ])("cannot be those of %j", (which) => {
    expect(() => names(which as never)).toThrow(expect.objectContaining({ code: "ERR_CACHE_TAGS" }));
  });

  it.each<[unknown, string]>([
    [{}, "write a key"],
    [{ tag: "a", tags: ["b"] }, "write a key"],
    [{ tag: "a", key: "b" }, 'write cache.invalidate("user:7")'],
    [{ key: "b" }, 'write cache.invalidate("user:7")'],
    [{ tag: "a", soft: true }, "write { soft: true } as the second argument"],
    [["a"], 'write { tags: ["users"] }'],
    [new URL("https://a.test/x"), 'write { url: "/users/7" }'],
    [{ params: { id: 1 } }, "write a key"],
    [{ url: "/a", params: {} }, "write a key"],
    [{ url: "users/1" }, 'write { url: "/users/7" }'],
    [{ url: 7 }, 'write { url: "/users/7" }'],
    [{ url: "localhost:8000/users/7" }, 'write { url: "/users/7" }'],
    [{ namespace: "" }, "cache.clear() removes everything"],
    [{ route: 7 }, 'write { route: "/users/:id" }'],
    [{ route: "/users/:id", params: {} }, "{ id: ... }"],
    [{ route: "/users/:id", params: { id: undefined } }, "{ id: ... }"],
    [{ route: "/users/:id", params: { id: Number.NaN } }, "{ id: ... }"],
    [{ route: "/users/:id", params: { id: 1, page: 2 } }, "{ id: ... }"],
    [{ route: "/users/:id?", params: { id: {} } }, "{ id: ... }"],
    [
      { route: "/users/:id", params: new Map([["id", 1]]) },
      "an object of class Map is no object of parameters",
    ],
    [{ route: "/users/:id", params: 7 }, "7 is no object of parameters"],
    [{ route: "/users", params: { id: 1 } }, 'leave out "params"'],
    [{ route: "reports", params: { id: 1 } }, "the routes here are GET /users/:id | reports"],
  ])("cannot be those of %j", (which, remedy) => {
    expect(() => names(which as never)).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_INVALIDATE",
        message: expect.stringContaining(remedy),
      }),
    );
  });
});

describe("how to invalidate", () => {
  it("is hard by default", () => {
    expect([isSoft(undefined), isSoft({}), isSoft({ soft: false }), isSoft({ soft: true })]).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it.each([[{ soft: 1 }], [{ softly: true }], ["soft"]])("cannot be %j", (how) => {
    expect(() => isSoft(how)).toThrow(expect.objectContaining({ name: "CacheError" }));
  });
});
