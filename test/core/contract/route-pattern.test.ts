import { describe, expect, it } from "vitest";
import { pathOfRoute, pathsOfRoute, patternOf } from "../../../src/core/contract/route-pattern.ts";

describe("the name of a route", () => {
  it.each([
    ["GET /a/:id", ["GET"], "/a/:id"],
    ["GET,HEAD /a", ["GET", "HEAD"], "/a"],
    ["M-SEARCH /", ["M-SEARCH"], "/"],
    ["GET /a {version: 1}", ["GET"], "/a"],
  ])("%j has methods and a path", (name, methods, path) => {
    expect(patternOf(name)).toEqual({ methods, path });
  });

  it.each(["reports", "get /a", "GET a", "/a", "", "cacheRoute()"])("%j has neither", (name) => {
    expect(patternOf(name)).toBeUndefined();
  });
});

describe("the path of a route", () => {
  it.each([
    ["GET /a", "GET /b", "/a"],
    ["reports", "GET /b", "/b"],
    ["reports", "cacheRoute()", undefined],
  ])("of %j, which messages call %j, is %j", (name, route, path) => {
    expect(pathOfRoute({ name, route })).toBe(path);
  });

  it("is each that the adapter knows, and that of its name", () => {
    const policy = { name: "GET /a,/b", route: "GET /A", paths: ["/a", "/b"] };

    expect([pathOfRoute(policy), pathsOfRoute(policy)]).toEqual(["/a", ["/a", "/b", "/a,/b"]]);
  });
});
