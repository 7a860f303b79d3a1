import { describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import type { CacheOptions, RouteOptions } from "../../../src/index.ts";
import { engineOf } from "../../../src/adapter.ts";
import type { DeclaredQuery, Policy, RouteContext } from "../../../src/adapter.ts";
import { SharedServer } from "../../support/shared-store.ts";

function policyOf(route: RouteOptions = {}, cache: CacheOptions = {}, query?: DeclaredQuery): Policy {
  return engineOf(createCache(cache)).policy(route, { route: "GET /reports", query });
}

/** Freezes all that can be reached, so that any write throws. */
function sealed<T extends object>(value: T): T {
  Object.values(value)
    .filter((member): member is object => typeof member === "object" && member !== null)
    .forEach(sealed);
  return Object.freeze(value);
}

describe("the policy of a route", () => {
  it("is complete where the route has no options", () => {
    const { targets: _, ...policy } = policyOf();

    expect(policy).toEqual({
      route: "GET /reports",
      name: "GET /reports",
      selector: "GET /reports||",
      origin: undefined,
      ttl: undefined,
      defaultTtlMs: 60_000,
      scope: "anonymous",
      credentials: new Set([
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-access-token",
        "x-session-token",
        "cf-access-jwt-assertion",
        "x-amzn-oidc-data",
        "x-forwarded-user",
        "x-forwarded-client-cert",
      ]),
      key: undefined,
      namespace: "",
      vary: [],
      statuses: new Map([[200, undefined]]),
      isEnabled: true,
      keeps: true,
      heuristic: false,
      requestDirectives: false,
      revalidate: false,
      invalidateOnUnsafe: false,
      storeDate: false,
      noVarySearch: false,
      searchOffer: undefined,
      content: "parsed",
      query: undefined,
      methods: new Set(["GET"]),
      setCookie: "refuse",
      maxBodyBytes: 1_048_576,
      staleWhileRevalidateMs: undefined,
      staleIfErrorMs: undefined,
      errorStatuses: new Set([500, 502, 503, 504]),
      softTimeoutMs: undefined,
      hardTimeoutMs: undefined,
      maxWaitMs: 10_000,
      maxWaiters: 10_000,
      uncacheableMs: 120_000,
      earlyRefresh: 0,
      jitter: 0,
      statusHeader: { name: "x-cache", hit: "HIT", miss: "MISS" },
      cacheStatus: "caching-route",
      cacheStatusKey: false,
      tags: [],
      cacheTag: "send",
    });
  });

  it("is frozen", () => {
    const policy = policyOf({ vary: ["a"] });

    expect([policy, policy.vary, policy.statusHeader].map(Object.isFrozen)).toEqual([true, true, true]);
  });

  it("has its names in lower case, its methods in upper case, each once", () => {
    const { vary, methods } = policyOf({
      vary: ["Accept-Language", "accept-language"],
      methods: ["get", "Query"],
    });

    expect([vary, [...methods]]).toEqual([["accept-language"], ["GET", "QUERY"]]);
  });

  it("has its ttl in milliseconds", () => {
    expect([policyOf({ ttl: 1.5 }).ttl, policyOf({ ttl: Infinity }).ttl]).toEqual([1500, Infinity]);
  });

  it("takes the route's option before the cache's default, except where that is undefined", () => {
    const defaults: RouteOptions = { ttl: 30, setCookie: "strip" };

    const { ttl, setCookie } = policyOf({ ttl: 10, setCookie: undefined } as never, { defaults });

    expect([ttl, setCookie]).toEqual([10_000, "strip"]);
  });

  it("leaves the caller's objects alone", () => {
    const cache = sealed({ namespace: "api", statusHeader: { name: "X-C" }, defaults: { vary: ["B"] } });
    const route = sealed({ ttl: 1, vary: ["A"], statuses: [200], query: ["a"], methods: ["get"] });

    expect(() => policyOf(route, cache)).not.toThrow();
  });

  it("does not change when the caller's lists change later", () => {
    const route = { vary: ["a"], statuses: [200], methods: ["GET"], query: ["a"] };
    const policy = policyOf(route);

    [route.vary, route.methods, route.query].forEach((list) => list.push("b"));
    route.statuses.push(404);

    expect([
      policy.vary,
      [...new Map(policy.statuses as never).keys()],
      [...policy.methods],
      [...policy.query!.keys()],
    ]).toEqual([["a"], [200], ["GET"], ["a"]]);
  });
});

describe("a route's namespace", () => {
  it.each([
    ["api", "users", "concat", "api:users"],
    ["api", "users", "replace", "users"],
    ["", "users", "concat", "users"],
    ["api", undefined, "concat", "api"],
    ["api", "", "replace", "api"],
  ] as const)("joins %j and %j, by %s, as %j", (root, own, namespacePolicy, whole) => {
    const route = own === undefined ? {} : { namespace: own };

    expect(policyOf(route, { namespace: root, namespacePolicy }).namespace).toBe(whole);
  });
});

describe("the query that a route declares", () => {
  const known: DeclaredQuery = new Map([["page", ["1"]]]);

  it("is what its framework knows by default", () => {
    expect([policyOf({}, {}, known).query, policyOf().query]).toEqual([known, undefined]);
  });

  it('is what its framework knows where the option is "declared"', () => {
    expect(policyOf({ query: "declared" }, {}, known).query).toEqual(known);
  });

  it('is refused where the option is "declared" and its framework knows nothing', () => {
    expect(() => policyOf({ query: "declared" })).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_QUERY_UNDECLARED",
        message: expect.stringContaining('name them, as in query: ["page"]'),
      }),
    );
  });

  it('is everything where the option is "all"', () => {
    expect(policyOf({ query: "all" }, {}, known).query).toBeUndefined();
  });

  it("is what the route lists, without defaults", () => {
    expect(policyOf({ query: ["a", "b"] }, {}, known).query).toEqual(
      new Map([
        ["a", undefined],
        ["b", undefined],
      ]),
    );
  });

  it("is what a schema lists that offers its JSON Schema", () => {
    const input = ({ target }: { target: string }): Record<string, unknown> => ({
      properties: { [target]: { default: 1 } },
    });

    expect(policyOf({ query: { "~standard": { jsonSchema: { input } } } }).query).toEqual(
      new Map([["draft-07", ["1"]]]),
    );
  });

  it("is refused where such a schema has no form as JSON Schema", () => {
    const cause = new Error("Date cannot be represented in JSON Schema");
    const input = (): never => {
      throw cause;
    };

    expect(() => policyOf({ query: { "~standard": { jsonSchema: { input } } } })).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_QUERY_UNDECLARED",
        message: expect.stringContaining("(Date cannot be represented in JSON Schema); name the parameters"),
        cause,
      }),
    );
  });

  it("is refused where such a schema admits any name", () => {
    const input = (): Record<string, unknown> => ({ additionalProperties: {} });

    expect(() => policyOf({ query: { "~standard": { jsonSchema: { input } } } })).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_QUERY_UNDECLARED",
        message: expect.stringContaining('name them, or write query: "all"'),
      }),
    );
  });
});

describe("a route where processes share the store", () => {
  const store = new SharedServer().open();

  it.each<[string, RouteOptions, Partial<RouteContext>, CacheOptions]>([
    ["has a scope function and a secret", { scope: () => "ann" }, {}, { secret: "the same" }],
    ["has a name of its framework", {}, { name: "GET /reports" }, {}],
    ["has a name of its own", { route: "reports" }, { name: undefined }, {}],
    ["has a key function", { key: () => "a" }, { name: undefined }, {}],
    ["gets a name later", {}, { name: undefined, declaration: {} }, {}],
    ["keeps nothing", { store: false, scope: () => "ann" }, { name: undefined }, {}],
    ["is switched off", { enabled: false, scope: () => "ann" }, { name: undefined }, {}],
    ["is switched off with its cache", { scope: () => "ann" }, { name: undefined }, { enabled: false }],
  ])("is accepted if it %s", (_what, route, context, cache) => {
    const engine = engineOf(createCache({ ...cache, store }));

    expect(engine.policy(route, { route: "GET /reports", ...context }).route).not.toBe("");
  });

  it("needs a secret for a scope function: others would not find its principals", () => {
    expect(() => policyOf({ scope: () => "ann" }, { store })).toThrow(
      /^GET \/reports: the option "scope" is a function, and .* write createCache\(\{ store, secret \}\)/,
    );
    expect(() => policyOf({}, { store, defaults: { scope: () => "ann" } })).toThrow(/the option "scope"/);
  });

  it("needs a name: others would not find what it stores", () => {
    const engine = engineOf(createCache({ store }));

    expect(() => engine.policy({}, { route: "fetch handler reports", name: undefined })).toThrow(
      /^fetch handler reports: the option "route" is missing, and .* such as \{ route: "reports" \} \[ERR_CACHE_OPTION_INVALID\]/,
    );
  });
});
