import { describe, expect, it } from "vitest";
import { keyOf, variantOf } from "../../../src/core/request/cache-key.ts";
import { platformDigest } from "../../../src/platform.ts";
import { kitOf, nameOf, requestOf } from "../../support/kit.ts";
import type { Asked, KitOptions } from "../../support/kit.ts";

const digest = platformDigest(new TextEncoder().encode("secret"));

function resourceOf(options: KitOptions, asked: Asked = {}): string | undefined {
  return keyOf(requestOf(asked), kitOf(options).policy, digest)?.resource;
}

describe("the key of a request", () => {
  it("is namespace, method and target URI", () => {
    expect(resourceOf({}, { target: "/reports?b=2&a=1" })).toBe(
      "|u|GET|||http://example.org/reports?a=1&b=2",
    );
  });

  it("has the namespace of cache and route", () => {
    expect(resourceOf({ cache: { namespace: "api" }, route: { namespace: "users" } })).toBe(
      "api:users|u|GET|||http://example.org/reports",
    );
  });

  it("of HEAD is that of GET", () => {
    expect(resourceOf({}, { method: "HEAD" })).toBe(resourceOf({}));
  });

  it("has the digest of the content where a method other than GET is cached", () => {
    const asked: Asked = {
      method: "POST",
      content: { a: 1 },
      headers: { "content-type": "application/json" },
    };

    expect(resourceOf({ route: { methods: ["POST"] } }, asked)).toMatch(
      /^\|u\|POST\|\|[A-Za-z0-9_-]{22}\|http:\/\/example\.org\/reports$/,
    );
  });

  it("names a principal by a keyed hash only", () => {
    const resource = resourceOf({ route: { scope: () => "ann@example.org" } });

    expect(resource).toMatch(/^\|u\|GET\|[A-Za-z0-9_-]{22}\|\|http:\/\/example\.org\/reports$/);
    expect(resource).not.toContain("ann");
  });

  it("is what the route's key function returns, in the namespace", () => {
    const { policy } = kitOf({ route: { key: () => "user:1|%", namespace: "a|b%" } });

    const key = keyOf(requestOf(), policy, digest);

    expect(key).toMatchObject({ resource: "a%7Cb%25|k|user:1|%", selector: "GET||" });
  });

  it("is made by functions that receive the framework's request", () => {
    const asked: Asked = { target: "/mine" };

    expect(resourceOf({ route: { key: (native) => native.target! } }, asked)).toBe("|k|/mine");
  });

  it("has the declared defaults, so that a default that is sent and one that is left out are the same", () => {
    const options: KitOptions = {
      query: new Map([
        ["a", undefined],
        ["b", ["b"]],
        ["c", ["1", "2"]],
      ]),
    };

    const keys = ["/q?a=a", "/q?a=a&b=b", "/q?b=b&a=a", "/q?c=1&c=2&a=a"].map((target) =>
      resourceOf(options, { target }),
    );

    expect(new Set(keys)).toEqual(new Set(["|u|GET|||http://example.org/q?a=a&b=b&c=1&c=2"]));
  });

  it("keeps repeated values in their order", () => {
    const keys = ["/q?a=1&a=2", "/q?a=2&a=1"].map((target) => resourceOf({}, { target }));

    expect(new Set(keys).size).toBe(2);
  });

  it("has the nested parameters of a declared one", () => {
    const options: KitOptions = { route: { query: ["filter"] } };

    expect(resourceOf(options, { target: "/q?filter[a]=1&filter.b=2&filters=3&x[filter]=4" })).toBe(
      "|u|GET|||http://example.org/q?filter%5Ba%5D=1&filter.b=2",
    );
  });

  it("does not take a part of one component for another", () => {
    const pairs: readonly (readonly [Asked, Asked])[] = [
      [
        { origin: "http://a", target: "/b/c" },
        { origin: "http://a/b", target: "/c" },
      ],
      [
        { origin: "http://a", target: "/?x=1" },
        { origin: "http://a/?x=1", target: "" },
      ],
      [
        { origin: "http://a", target: "b/c" },
        { origin: "http://ab", target: "/c" },
      ],
      [
        { origin: "http:", target: "//a/c" },
        { origin: "http://a", target: "/c" },
      ],
      [
        { origin: "http://a", target: "*" },
        { origin: "http://a|*", target: "" },
      ],
      [{ target: "/a;b=1" }, { target: "/a?b=1" }],
      [{ target: "/A" }, { target: "/a" }],
      [{ target: "/a" }, { target: "/a/" }],
      [{ target: "/q?a" }, { target: "/q?a=" }],
      [{ target: "/q?a=%2526" }, { target: "/q?a=%26" }],
    ];

    const same = pairs.filter(([one, other]) => nameOf({}, one) === nameOf({}, other));

    expect(same).toEqual([]);
  });
});

describe("a key function that names nothing", () => {
  it.each([[""], [undefined], [null], [7], [{}]])("fails the request: %j", (answer) => {
    const { now } = kitOf({ route: { key: () => answer as string } });

    expect(() => now()).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_KEY", message: expect.stringContaining("GET /reports") }),
    );
  });

  it("fails the request where it is a scope function, too", () => {
    const { now } = kitOf({ route: { scope: () => "" } });

    expect(() => now()).toThrow(expect.objectContaining({ code: "ERR_CACHE_SCOPE" }));
  });

  it("fails the request, and no other, where it throws", () => {
    const { now } = kitOf({
      route: {
        key: ({ target }) => {
          if (target === "/bad") throw new Error("bad");
          return "k";
        },
      },
    });

    expect(() => now({ target: "/bad" })).toThrow("bad");
    expect(now().kind).toBe("fill");
  });
});

describe("the name of a variant", () => {
  it("is exactly this", () => {
    const headers = new Map([
      ["a", "x&y%z"],
      ["c", ""],
    ]);

    expect(variantOf("GET||", ["a", "b", "c"], (name) => headers.get(name))).toBe("GET||a=x%26y%25z&b&c=&");
  });
});
