import { describe, expect, it } from "vitest";
import { engineOf } from "../../src/adapter.ts";
import { createCache } from "../../src/index.ts";
import { answer, bypassOf, fillOf, kitOf, requestOf, serveOf, settled, textOf } from "../support/kit.ts";
import type { Asked } from "../support/kit.ts";

describe("credentials beside Authorization and Cookie", () => {
  it("36: a request with one of the usual credential fields is neither looked up nor stored", () => {
    const { ask, now, cache } = kitOf();
    const names = "proxy-authorization x-api-key x-auth-token x-access-token x-session-token".split(" ");
    const ofProxies =
      "cf-access-jwt-assertion x-amzn-oidc-data x-forwarded-user x-forwarded-client-cert".split(" ");
    ask({}, { body: "for all" });

    const reasons = [...names, ...ofProxies].map((name) => bypassOf(now({ headers: { [name]: "" } })).reason);

    expect([new Set(reasons), cache.stats().stored]).toEqual([new Set(["credentials"]), 1]);
  });

  it.each([
    ["shared", { scope: "shared" }],
    ["everyone", { scope: "everyone" }],
    ["a function", { scope: () => "ann" }],
  ] as const)("36: a request with an API key is looked up where the route has a scope: %s", (_, route) => {
    const { now } = kitOf({ route });

    expect(now({ headers: { "x-api-key": "ann" } }).kind).toBe("fill");
  });
});

describe("request content", () => {
  it.each([
    ["a length", { headers: { "content-length": "6" } }],
    ["a transfer coding", { headers: { "transfer-encoding": "chunked" } }],
    ["a length that is no number", { headers: { "content-length": "6, 6" } }],
    ["a stream that has not ended", { content: "q=EVIL" }],
  ] as const)("38: a GET or HEAD with content is neither looked up nor stored: %s", (_, asked) => {
    const { ask, now, cache } = kitOf();

    const reasons = ["GET", "HEAD"].map((method) => bypassOf(now({ ...asked, method })).reason);
    ask({}, { body: "found cats" });

    expect([reasons, cache.stats().stored, textOf(ask())]).toEqual([["content", "content"], 1, "found cats"]);
  });
});

describe("routes", () => {
  it("34: two routes on one URL share nothing, so that neither bypasses the other's guard", () => {
    const { policy, begin } = engineOf(createCache({ reporter: false }));
    const [staff, everyone] = ["GET /a", "GET /a (2)"].map((route) => policy({}, { route })) as [
      ReturnType<typeof policy>,
      ReturnType<typeof policy>,
    ];
    answer(fillOf(settled(begin(requestOf(), staff))), { body: "secret" });

    answer(fillOf(settled(begin(requestOf(), everyone))), { body: "public" });

    const kept = [staff, everyone].map((route) => textOf(serveOf(settled(begin(requestOf(), route))).reply));
    expect(kept).toEqual(["secret", "public"]);
  });
});

describe("rules of No-Vary-Search", () => {
  const headers = { "no-vary-search": 'params=("utm")' };

  it("53: a rule is known to every route of the cache that obeys it, in any order of declaration", () => {
    const { ask, cache } = kitOf({ route: { noVarySearch: true } });
    const engine = engineOf(cache);
    const writing = { noVarySearch: true, invalidateOnUnsafe: true };
    const put = engine.policy<Asked>(writing, { route: "PUT /reports" });
    ask({ target: "/reports?utm=1" }, { headers, body: "1" });
    ask({ target: "/reports?utm=2" }, { headers, body: "2" });
    const before = textOf(ask({ target: "/reports?utm=3" }));

    const write = fillOf(settled(engine.begin(requestOf({ method: "PUT", target: "/reports?utm=4" }), put)));
    write.open({ status: 204, fields: [] }).complete(undefined);

    expect([before, textOf(ask({ target: "/reports?utm=3" }, { headers, body: "3" }))]).toEqual(["2", "3"]);
  });

  it("53: a rule that was forgotten and learned again finds nothing from before, which a write in between could not remove", () => {
    const { ask, policy } = kitOf({ route: { noVarySearch: true, methods: ["GET"] } });
    ask({ target: "/reports?utm=1" }, { headers, body: "1" });
    ask({ target: "/reports?utm=2" }, { headers, body: "2" });
    policy.targets.setRule("http://example.org", "/reports", undefined);

    ask({ target: "/reports?utm=3" }, { headers, body: "3" });

    expect(textOf(ask({ target: "/reports?utm=4" }, { headers, body: "4" }))).toBe("4");
  });

  it("53: a rule does not count for a route without noVarySearch", () => {
    const { ask, cache } = kitOf({ route: { noVarySearch: true } });
    const engine = engineOf(cache);
    const plain = engine.policy<Asked>({}, { route: "GET /plain" });
    ask({ target: "/reports?utm=1" }, { headers });

    const key = (target: string): string => plain.targets.of("http://example.org", target).uri;

    expect(key("/reports?utm=1")).not.toBe(key("/reports?utm=2"));
  });
});
