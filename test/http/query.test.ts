import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeComponent, formatQuery, parseQuery, splitTarget } from "../../src/http/query.ts";
import type { QueryParameter } from "../../src/http/query.ts";

type Pair = Pick<QueryParameter, "name" | "value">;

const pairs = (query: string): (string | undefined)[][] =>
  parseQuery(query).map(({ name, value }) => [name, value]);
const normal = (query: string): string => formatQuery(parseQuery(query));

const hostileQuery = fc.string({
  unit: fc.constantFrom("a", "b", "&", "=", "%", "+", "%20", "%26", "%3D", "%61", "%zz", ";", "é", "\uD800"),
});

describe("a request target", () => {
  it.each([
    ["/a", { path: "/a", query: "" }],
    ["/a?", { path: "/a", query: "" }],
    ["/a?b=1?c", { path: "/a", query: "b=1?c" }],
    ["/a?b#c", { path: "/a", query: "b#c" }],
    ["?b", { path: "", query: "b" }],
  ])("is split at its first question mark: %s", (target, expected) => {
    expect(splitTarget(target)).toEqual(expected);
  });
});

describe("a query", () => {
  it("is split at & and at the first =", () => {
    expect(pairs("a=1&b=2=3;c=4")).toEqual([
      ["a", "1"],
      ["b", "2%3D3%3Bc%3D4"],
    ]);
  });

  it("has no empty segments", () => {
    expect(pairs("&&a=1&")).toEqual([["a", "1"]]);
  });

  it("has no parameters where it is empty", () => {
    expect(pairs("")).toEqual([]);
  });

  it("tells a parameter without = from one with an empty value", () => {
    expect(pairs("a&a=&=b")).toEqual([
      ["a", undefined],
      ["a", ""],
      ["", "b"],
    ]);
  });

  it("has one spelling for each meaning", () => {
    expect(["a+b=%7E/", "%61%20b=~%2f"].map(normal)).toEqual(Array(2).fill("a%20b=~%2F"));
  });

  it("keeps a literal plus apart from a space", () => {
    expect(pairs("a=%2B&b=+")).toEqual([
      ["a", "%2B"],
      ["b", "%20"],
    ]);
  });

  it.each(["a=%", "a=%zz", "a=%C3", "a=%C0%80", "a=%ED%A0%80", "a=\uD800", "a=+%zz"])(
    "keeps a segment that cannot be decoded as it came: %j",
    (query) => {
      expect(normal(query)).toBe(query);
    },
  );

  it("keeps every segment as it was received", () => {
    expect(parseQuery("%61=+&b").map(({ raw }) => raw)).toEqual(["%61=+", "b"]);
  });
});

describe("a canonical component", () => {
  it.each([
    ["a%20b", "a b"],
    ["a", "a"],
    ["%zz", "%zz"],
  ])("stands for its text: %s", (canonical, text) => {
    expect(decodeComponent(canonical)).toBe(text);
  });

  it("stands for the text that was encoded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        const [parameter] = parseQuery(encodeURIComponent(text));
        expect(decodeComponent(parameter?.name ?? "")).toBe(text);
      }),
    );
  });
});

describe("a formatted query", () => {
  it("is sorted by name, in code-unit order", () => {
    expect(normal("b=1&a=2&B=3&a%20=4")).toBe("B=3&a=2&a%20=4&b=1");
  });

  it("leaves the caller's parameters in their order", () => {
    const parameters = parseQuery("b&a");

    formatQuery(parameters);

    expect(parameters.map(({ name }) => name)).toEqual(["b", "a"]);
  });

  it("is the same for any order of different names", () => {
    const shuffled = fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{0,3}$/), fc.stringMatching(/^[a-z=]*$/)), {
        selector: ([name]) => name,
      })
      .map((list) => list.map(([name, value]) => `${name}=${value}`))
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(normal(one.join("&"))).toBe(normal(other.join("&")));
      }),
    );
  });

  it("keeps the order of names that begin alike, up to a bracket or a dot", () => {
    expect(normal("b=1&a[]=2&a=3&a.c=4&a%5bd%5d=5&A=6")).toBe("A=6&a%5B%5D=2&a=3&a.c=4&a%5Bd%5D=5&b=1");
  });

  it.each(["b=1&[a]=2&a=3", "b&.a&a", "b&%zz&a", "b&a=1#", "b=x]=y&a"])(
    "keeps the order of all where one may be a part of any other: %j",
    (query) => {
      expect(parseQuery(normal(query)).map(({ raw }) => raw.replace("%5Ba%5D", "[a]"))).toEqual(
        parseQuery(query).map(({ raw }) => raw),
      );
    },
  );

  it("differs with the order of the values of one name", () => {
    expect(normal("a=2&a=1")).not.toBe(normal("a=1&a=2"));
  });

  it("has every value of one name in the order received", () => {
    fc.assert(
      fc.property(hostileQuery, (query) => {
        const received = parseQuery(query);
        const formatted = parseQuery(normal(query));
        expect(byName(formatted)).toEqual(byName(received));
      }),
    );
  });

  it("is equal for two queries exactly where their parameters are", () => {
    fc.assert(
      fc.property(hostileQuery, hostileQuery, (one, other) => {
        expect(normal(one) === normal(other)).toBe(meant(one) === meant(other));
      }),
      {
        numRuns: 2000,
        examples: [
          ["a=%25zz", "a=%zz"],
          ["a=+", "a=%20"],
          ["a=b%26c", "a=b&c"],
          ["a", "a="],
          ["a&%zz", "%zz&a"],
        ],
      },
    );
  });

  it("is unchanged where it is formatted again", () => {
    fc.assert(
      fc.property(hostileQuery, (query) => {
        expect(normal(normal(query))).toBe(normal(query));
      }),
    );
  });
});

/** The meaning of a query as text: in any order of its names, unless one of them can be read in different ways. */
function meant(query: string): string {
  const parameters = parseQuery(query);
  const isPlain = parameters.every((parameter) => parameter.isPlain);
  return JSON.stringify(isPlain ? byName(parameters) : parameters.map((parameter) => ["raw", parameter.raw]));
}

/** The parameters up to the order of different names, built without the code under test. */
function byName(parameters: readonly Pair[]): [string, (string | null)[]][] {
  const grouped = new Map<string, (string | null)[]>();
  for (const { name, value } of parameters) grouped.set(name, [...(grouped.get(name) ?? []), value ?? null]);
  return [...grouped].toSorted(([left], [right]) => (left < right ? -1 : 1));
}
