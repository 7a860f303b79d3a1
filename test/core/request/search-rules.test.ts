import { describe, expect, it } from "vitest";
import { TargetMemory } from "../../../src/core/request/normalized-target.ts";
import { parseNoVarySearch } from "../../../src/http/no-vary-search.ts";

describe("the rules of paths", () => {
  const rule = parseNoVarySearch('params=("utm")');
  const ruleOf = (names: TargetMemory, path: string): unknown => names.of("http://a", path).rule;

  it("are remembered of the last thousand", () => {
    const names = new TargetMemory("", undefined);
    Array.from({ length: 1001 }, (_, at) => names.learn("http://a", `/${at}`, rule));

    expect([ruleOf(names, "/0"), ruleOf(names, "/1")]).toEqual([undefined, { ...rule, turn: 2 }]);
  });

  it("are not remembered of very long ones", () => {
    const names = new TargetMemory("", undefined);
    const path = `/${"x".repeat(3000)}`;
    names.learn("http://a", path, rule);

    expect(ruleOf(names, path)).toBeUndefined();
  });

  it("change what is remembered of targets, not of which origins were asked for", () => {
    const names = new TargetMemory("", undefined);
    const before = names.of("http://a", "/q?utm=1");
    names.learn("http://a", "/q", rule);

    expect(names.of("http://a", "/q?utm=1")).not.toEqual(before);
    names.learn("http://a", "/q", undefined);
    expect(names.of("http://a", "/q?utm=1")).toEqual(before);
    expect(names.origins()).toEqual(["http://a"]);
  });

  it("are part of names that no client can write", () => {
    const names = new TargetMemory("", undefined);
    names.learn("http://a", "/q", rule);
    const { uri } = names.of("http://a", "/q?utm=1");

    const written = [
      ["", uri],
      [uri, "/"],
      ["?", uri],
      ["://", uri],
    ] as const;
    expect(written.map(([origin, target]) => names.of(origin, target).uri)).not.toContain(uri);
    expect(written.map(([origin, target]) => names.of(origin, target).uri.startsWith("?"))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
