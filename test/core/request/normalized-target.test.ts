import { describe, expect, it } from "vitest";
import { keepsParameter, TargetCache, undeclaredNames } from "../../../src/core/request/normalized-target.ts";
import { parseNoVarySearch } from "../../../src/http/no-vary-search.ts";

const origin = "http://a";

describe("the memory of normalized targets", () => {
  it("returns the very same name for a target that it remembers", () => {
    const targets = new TargetCache("p|", undefined);

    expect(targets.of(origin, "/a")).toBe(targets.of(origin, "/a"));
  });

  it("keeps hosts apart", () => {
    const targets = new TargetCache("p|", undefined);

    expect([targets.of("http://a", "/x").resource, targets.of("http://b", "/x").resource]).toEqual([
      "p|http://a/x",
      "p|http://b/x",
    ]);
  });

  it("keeps what is asked for in two generations, and forgets the rest", () => {
    const targets = new TargetCache("", undefined, 2);
    const [hot, cold] = [targets.of(origin, "/hot"), targets.of(origin, "/cold")];
    targets.of(origin, "/1");
    const hotAgain = targets.of(origin, "/hot");
    targets.of(origin, "/2");
    targets.of(origin, "/3");

    expect([
      hotAgain === hot,
      targets.of(origin, "/hot") === hot,
      targets.of(origin, "/cold") === cold,
    ]).toEqual([true, true, false]);
  });

  it("is bounded by hosts as by targets", () => {
    const targets = new TargetCache("", undefined, 2);
    const first = targets.of("http://1", "/");
    ["http://2", "http://3", "http://4", "http://5"].forEach((host) => targets.of(host, "/"));

    expect(targets.of("http://1", "/")).not.toBe(first);
  });

  it("is bounded by characters: a few long targets push out many short ones", () => {
    const targets = new TargetCache("", undefined, 20);
    const first = targets.of(origin, "/first");
    targets.of(origin, `/a${"x".repeat(1200)}`);
    targets.of(origin, `/b${"x".repeat(1200)}`);
    targets.of(origin, `/c${"x".repeat(1200)}`);

    expect(targets.of(origin, "/first")).not.toBe(first);
  });

  it("remembers no target of great length", () => {
    const targets = new TargetCache("", undefined);
    const long = `/${"x".repeat(3000)}`;

    expect(targets.of(origin, long)).not.toBe(targets.of(origin, long));
    expect(targets.of(origin, long)).toEqual(targets.of(origin, long));
  });
});

describe("a target with more parameters than parsers read", () => {
  const empty = "&".repeat(1000);
  const uriOf = (target: string, declared?: readonly string[]): string =>
    new TargetCache("", declared && new Map(declared.map((name) => [name, undefined]))).of(origin, target)
      .uri;

  it("has all of its query in its name, as it came", () => {
    expect([uriOf(`/q?${empty}b&a`), uriOf(`/q?${empty}a&b`), uriOf("/q?a&b")]).toEqual([
      `http://a/q?&${empty}b&a`,
      `http://a/q?&${empty}a&b`,
      "http://a/q?a&b",
    ]);
  });

  it("has it without what is not declared", () => {
    expect(uriOf(`/q?x${empty}b&a`, ["a", "b"])).toBe("http://a/q?a&b");
  });
});

describe("a path in which some routers begin the query", () => {
  it.each(["/q;a", "/q#a"])("keeps the order of what follows: %s", (path) => {
    const targets = new TargetCache("", undefined);

    expect(targets.of(origin, `${path}?c=1&b=2`).uri).not.toBe(targets.of(origin, `${path}?b=2&c=1`).uri);
  });
});

describe("a target whose route declares its parameters", () => {
  it("loses undeclared ones, and keeps its own as they were written", () => {
    const targets = new TargetCache("", new Map([["a b", undefined]]));

    const { target, uri } = targets.of(origin, "/q?x=1&a+b=%41&=2&a%20b=c;d");

    expect([target, uri]).toEqual(["/q?a+b=%41&a%20b=c;d", "http://a/q?a%20b=A&a%20b=c%3Bd"]);
  });

  it("loses its query where none of it is declared", () => {
    expect(new TargetCache("", new Map()).of(origin, "/q?x=1").target).toBe("/q");
  });

  it("keeps a declared name that cannot be decoded", () => {
    const targets = new TargetCache("", new Map([["%zz", undefined]]));

    expect(targets.of(origin, "/q?%zz=1&%yy=2").target).toBe("/q?%zz=1");
  });

  it("is given no default for a name whose parts it has", () => {
    const targets = new TargetCache("", new Map([["a", ["5"]]]));

    expect([targets.of(origin, "/q?a[b]=1").uri, targets.of(origin, "/q").uri]).toEqual([
      "http://a/q?a%5Bb%5D=1",
      "http://a/q?a=5",
    ]);
  });

  it("has no parameter by a name that every object has", () => {
    expect(new TargetCache("", new Map()).of(origin, "/q?__proto__=1&constructor=2").target).toBe("/q");
  });
});

describe("the rules of paths", () => {
  const rule = parseNoVarySearch('params=("utm")');
  const ruleOf = (targets: TargetCache, path: string): unknown => targets.of("http://a", path).rule;

  it("are remembered of the last thousand", () => {
    const targets = new TargetCache("", undefined);
    Array.from({ length: 1001 }, (_, at) => targets.setRule("http://a", `/${at}`, rule));

    expect([ruleOf(targets, "/0"), ruleOf(targets, "/1")]).toEqual([undefined, { ...rule, turn: 2 }]);
  });

  it("are not remembered of very long ones", () => {
    const targets = new TargetCache("", undefined);
    const path = `/${"x".repeat(3000)}`;
    targets.setRule("http://a", path, rule);

    expect(ruleOf(targets, path)).toBeUndefined();
  });

  it("change the names of remembered targets, and not the list of origins", () => {
    const targets = new TargetCache("", undefined);
    const before = targets.of("http://a", "/q?utm=1");
    targets.setRule("http://a", "/q", rule);

    expect(targets.of("http://a", "/q?utm=1")).not.toEqual(before);
    targets.setRule("http://a", "/q", undefined);
    expect(targets.of("http://a", "/q?utm=1")).toEqual(before);
    expect(targets.origins()).toEqual(["http://a"]);
  });

  it("are part of names that no client can write", () => {
    const targets = new TargetCache("", undefined);
    targets.setRule("http://a", "/q", rule);
    const { uri } = targets.of("http://a", "/q?utm=1");

    const written = [
      ["", uri],
      [uri, "/"],
      ["?", uri],
      ["://", uri],
    ] as const;
    expect(written.map(([origin, target]) => targets.of(origin, target).uri)).not.toContain(uri);
    expect(written.map(([origin, target]) => targets.of(origin, target).uri.startsWith("?"))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("a parameter", () => {
  const declared = new Map([["filter", undefined]]);

  it.each([
    ["filter", true],
    ["filter[a]", true],
    ["filter.a", true],
    ["filters", false],
    ["[filter]", false],
  ])("enters the key by its name or by what it is a part of: %s, %s", (name, isKept) => {
    expect(keepsParameter(declared, name)).toBe(isKept);
  });

  it("enters the key by its whole name alone, where clients are told the names", () => {
    expect(["filter", "filter[a]"].map((name) => keepsParameter(declared, name, true))).toEqual([
      true,
      false,
    ]);
  });

  it("is undeclared where it does not enter the key: decoded, each name once", () => {
    const policy = { query: declared, noVarySearch: false };

    expect(undeclaredNames("/q?utm=1&filter[a]=1&utm=2&a%20b=3", policy)).toEqual(["utm", "a b"]);
    expect(undeclaredNames("/q?utm=1", { ...policy, query: undefined })).toEqual([]);
  });
});
