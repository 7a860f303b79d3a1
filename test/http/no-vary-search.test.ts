import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TargetCache } from "../../src/core/request/normalized-target.ts";
import { formatNoVarySearch, isSameRule, keepsBy, parseNoVarySearch } from "../../src/http/no-vary-search.ts";

/** Which of these names still tell responses apart. */
function kept(value: string, ...names: readonly string[]): readonly string[] {
  const rule = parseNoVarySearch(value);
  return rule === undefined ? names : names.filter((name) => keepsBy(rule, name));
}

describe("No-Vary-Search", () => {
  it.each([
    ['params=("a" "b")', ["c"]],
    ['key-order, params=( "a"  "b" )', ["c"]],
    ['params=("a";x="(" "b"; y=z;w);v', ["c"]],
    ["params", []],
    ["params=?1", []],
    ['params, except=("a" "b")', ["a", "b"]],
    ['except=("c"), key-order=?0, params', ["c"]],
    ["params, except=()", []],
    ['params=("a"), other=7', ["b", "c"]],
  ])("with the value %s leaves %j of a, b and c", (value, left) => {
    expect(kept(value, "a", "b", "c")).toEqual(left);
  });

  it.each([
    "",
    "key-order",
    "params=?0",
    "params=()",
    'params="a"',
    "params=(a)",
    'params=("a" b)',
    'params=("a" 1)',
    'params=("a"',
    'params=("a"),',
    'Params=("a")',
    'params=("é")',
    'params=("a"), key-order=1',
    'params=("a"), key-order="?1"',
    'except=("a")',
    'params=?0, except=("a")',
    'params=("a"), except=("b")',
    "params, except=(a)",
    "params, except",
  ])("is not a rule where it is invalid or leaves nothing out: %j", (value) => {
    expect(parseNoVarySearch(value)).toBeUndefined();
  });

  it("is not a rule where it is absent", () => {
    expect(parseNoVarySearch(undefined)).toBeUndefined();
  });

  it("names parameters as forms encode them", () => {
    expect(kept('params=("a+b" "%C3%A9" "c&d" "\\"" "\\\\")', "a b", "é", "c&d", '"', "\\", "a+b")).toEqual([
      "a+b",
    ]);
  });

  it.each(['params=("%25ff")', "params", 'params, except=("a")'])(
    "never leaves out a parameter whose name cannot be decoded, since others read it differently: %s",
    (value) => {
      expect(kept(value, "%ff")).toEqual(["%ff"]);
    },
  );

  it("is the same rule where it leaves out the same parameters, in whatever order", () => {
    const [one, other, third] = ['params=("a" "b")', 'key-order, params=("b" "a")', 'params=("a")'].map(
      parseNoVarySearch,
    );

    expect([isSameRule(one, other), isSameRule(one, third), isSameRule(one, undefined)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.boolean(), namesOfAny, (isExcept, list) => {
        const rule = { isExcept, names: new Set(list) };
        fc.pre(isExcept || rule.names.size > 0);
        expect(parseNoVarySearch(formatNoVarySearch(rule))).toEqual(rule);
      }),
    );
  });

  it("makes two queries one resource exactly where it leaves the same of them", () => {
    fc.assert(
      fc.property(fc.boolean(), namesOfFew, queryOfFew, queryOfFew, (isExcept, list, one, other) => {
        const rule = { isExcept, names: new Set(list) };
        const targets = new TargetCache("", undefined);
        targets.setRule("http://a", "/q", rule);
        const left = (query: Query): Query => byName(query.filter(([name]) => keepsBy(rule, name)));
        const resources = [one, other].map((query) => targets.of("http://a", targetOf(query)).resource);
        expect(resources[0] === resources[1]).toBe(JSON.stringify(left(one)) === JSON.stringify(left(other)));
      }),
    );
  });
});

type Query = readonly (readonly [name: string, value: string])[];

const namesOfAny = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 });
const few = fc.constantFrom("a", "b", "c");
const namesOfFew = fc.array(few, { minLength: 1, maxLength: 2 });
const queryOfFew = fc.array(fc.tuple(few, fc.constantFrom("1", "2")), { maxLength: 3 });

function byName(query: Query): Query {
  return query.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

function targetOf(query: Query): string {
  return `/q?${query.map(([name, value]) => `${name}=${value}`).join("&")}`;
}
