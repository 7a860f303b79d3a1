import { describe, expect, it } from "vitest";
import { expanded, parametersIn, parameterText } from "../../../src/core/invalidation/path-pattern.ts";

describe("the parameters of a path", () => {
  it.each([
    ["/a", []],
    ["/a/:id", ["id"]],
    ["/:team/users/:id.json", ["team", "id"]],
    ["/:from-:to", ["from", "to"]],
    ["/a/:id?", ["id?"]],
    ["/a{/:id}", ["id?"]],
    ["/a{/b}/:id", ["id"]],
    [String.raw`/a/:id(\d+)`, ["id"]],
    ["/files/*", ["*"]],
    ["/files/*path", ["path"]],
    ["/a/::b/:id", ["id"]],
  ])("of %s are %j", (path, names) => {
    expect(parametersIn(path).map(({ name, isOptional }) => (isOptional ? `${name}?` : name))).toEqual(names);
  });
});

describe("a path that is filled in", () => {
  it.each([
    ["/a", {}, "/a"],
    ["/a/:id", { id: 7 }, "/a/7"],
    ["/a/:id", { id: "b/c ?" }, "/a/b%2Fc%20%3F"],
    ["/:from-:to", { from: "x", to: "y" }, "/x-y"],
    [String.raw`/a/:id(\d+)`, { id: 7 }, "/a/7"],
    ["/files/*", { "*": "a/b c" }, "/files/a/b%20c"],
    ["/files/*path", { path: ["a", "b"] }, "/files/a/b"],
    ["/a/::b/:id", { id: 7 }, "/a/:b/7"],
    ["/a/:id", { id: "\uD800" }, "/a/%EF%BF%BD"],
  ])("%s with %j is %s", (path, parameters, url) => {
    expect(expanded(path, parameters)).toBe(url);
  });

  it.each(["/a{/:id}", "/a(b|c)", "/a/:"])("%s cannot be", (path) => {
    expect(expanded(path, { id: 7 })).toBeUndefined();
  });
});

describe("the value of a parameter", () => {
  it("is text, of a wildcard's list, too", () => {
    expect([parameterText("a"), parameterText(7), parameterText(["a", "b"])]).toEqual(["a", "7", "a/b"]);
  });
});
