import { describe, expect, it } from "vitest";
import { bypassOf, kitOf, said, serveOf } from "../../support/kit.ts";

describe("a request that passes by", () => {
  it("does so for a method that the route does not cache", () => {
    const decision = bypassOf(kitOf().now({ method: "DELETE" }));

    expect([decision.outcome, decision.reason]).toEqual(["bypass", "method"]);
    expect(decision.fields).toEqual([
      ["x-cache", "MISS"],
      ["cache-status", "caching-route;fwd=method;detail=method"],
    ]);
  });

  it("does so if it carries credentials and the route has no scope", () => {
    const { now } = kitOf();

    const decisions = [{ cookie: "a=1" }, { authorization: "Bearer x" }, { cookie: "" }].map((headers) =>
      now({ headers }),
    );

    expect(decisions.map((decision) => bypassOf(decision).reason)).toEqual([
      "credentials",
      "credentials",
      "credentials",
    ]);
    expect(said(bypassOf(decisions[0]!), "cache-status")).toBe("caching-route;fwd=bypass;detail=credentials");
  });

  it("does so if its content belongs into the key and is not at hand", () => {
    const { now } = kitOf({ route: { methods: ["POST"] } });

    expect(bypassOf(now({ method: "POST" })).reason).toBe("content");
  });

  it("says nothing where both status fields are switched off", () => {
    const { now } = kitOf({ cache: { statusHeader: false, cacheStatus: false } });

    expect(bypassOf(now({ method: "DELETE" })).fields).toEqual([]);
  });
});

describe("a request that says only-if-cached", () => {
  it("is sent a 504 without content where nothing stored satisfies it, and no handler runs", () => {
    const kit = kitOf({ route: { requestDirectives: true } });

    const { outcome, reply } = serveOf(kit.now({ headers: { "cache-control": "only-if-cached" } }));

    expect([outcome, reply.status, reply.body]).toEqual(["bypass", 504, undefined]);
    expect(reply.fields).toEqual([
      ["content-length", "0"],
      ["x-cache", "MISS"],
      ["cache-status", "caching-route;detail=only-if-cached"],
    ]);
    expect(kit.cache.stats().outcomes).toMatchObject({ bypass: 1, miss: 0 });
  });
});
