import { describe, expect, it } from "vitest";
import { answer, asyncStore, bypassOf, fillOf, kitOf, said, serveOf, textOf } from "../../support/kit.ts";

describe("a request on its way through the cache", () => {
  it("runs the handler on a miss and is answered without it on a hit", () => {
    const { now } = kitOf();
    const first = now();
    answer(fillOf(first), { body: "made" });

    const second = serveOf(now());

    expect([second.outcome, second.reply.status, textOf(second.reply)]).toEqual(["hit", 200, "made"]);
  });

  it("is decided without a promise where the store answers at once", () => {
    const { begin } = kitOf();

    const first = begin();
    answer(fillOf(first as Exclude<typeof first, Promise<unknown>>));
    const second = begin();

    expect([first, second].map((decision) => decision instanceof Promise)).toEqual([false, false]);
  });

  it("is decided by a promise where the store answers by one", async () => {
    const { begin } = kitOf({ cache: { store: asyncStore() } });
    answer(fillOf(await begin()), { body: "made" });

    const second = begin();

    expect(second).toBeInstanceOf(Promise);
    expect(textOf(serveOf(await second).reply)).toBe("made");
  });

  it("is told apart from others by path, query, host and method", () => {
    const { ask } = kitOf({ route: { methods: ["GET", "POST"] } });
    ask({ target: "/a" }, { body: "a" });

    const others = [
      ask({ target: "/b" }, { body: "b" }),
      ask({ target: "/a?x=1" }, { body: "c" }),
      ask({ target: "/a", origin: "http://example.com" }, { body: "d" }),
      ask({ target: "/a", method: "POST", content: {} }, { body: "e" }),
    ];

    expect(others.map(textOf)).toEqual(["b", "c", "d", "e"]);
  });

  it("says on a hit how old the answer is and how long it stays fresh", () => {
    const { ask, clock } = kitOf({ route: { ttl: 60 } });
    ask();
    clock.advance(12.5);

    const hit = ask();

    expect([said(hit, "age"), said(hit, "cache-status")]).toEqual(["12", "caching-route;hit;ttl=47"]);
  });

  it("says no ttl for an answer that never goes stale", () => {
    const { ask } = kitOf({ route: { ttl: Infinity } });
    ask();

    expect(said(ask(), "cache-status")).toBe("caching-route;hit");
  });

  it("says on a miss that it was a miss, and stored", () => {
    const miss = kitOf().ask();

    expect([said(miss, "x-cache"), said(miss, "cache-status")]).toEqual([
      "MISS",
      "caching-route;fwd=uri-miss;fwd-status=200;stored",
    ]);
  });

  it("runs the handler again once the answer is stale, and says so", () => {
    const { ask, clock } = kitOf({ route: { ttl: 10 } });
    ask({}, { body: "old" });
    clock.advance(10);

    const miss = ask({}, { body: "new" });

    expect([textOf(miss), said(miss, "cache-status")]).toEqual([
      "new",
      "caching-route;fwd=uri-miss;fwd-status=200;stored",
    ]);
  });

  it("hides conditions and ranges from the handler of a miss", () => {
    const fill = fillOf(kitOf().now());

    expect(fill.hidden).toEqual(["if-none-match", "if-modified-since", "if-range", "range"]);
  });

  it("shows the handler only the parameters that are in the key", () => {
    const { now } = kitOf({ route: { query: ["page"] } });

    const fill = fillOf(now({ target: "/reports?utm_source=x&page=2&pageSize=3" }));

    expect(fill.target).toBe("/reports?page=2");
    expect(["page", "utm_source", "page[x]"].map((name) => fill.keepsParameter?.(name))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("leaves the target alone where nothing was dropped", () => {
    const { now } = kitOf({ route: { query: ["page"] } });

    const fill = fillOf(now({ target: "/reports?page=2" }));

    expect([fill.target, fill.keepsParameter]).toEqual([undefined, undefined]);
  });

  it("leaves the target alone where the route names its own keys", () => {
    const { now } = kitOf({ route: { key: () => "k", query: ["page"] } });

    expect(fillOf(now({ target: "/reports?utm_source=x" })).target).toBeUndefined();
  });
});

describe("a request for HEAD", () => {
  it("is answered from the stored GET, without content", () => {
    const { ask } = kitOf();
    ask({}, { body: "report" });

    const head = ask({ method: "HEAD" });

    expect([head.status, head.body, said(head, "content-length"), said(head, "x-cache")]).toEqual([
      200,
      undefined,
      "6",
      "HIT",
    ]);
  });

  it("passes by on a miss, and stores nothing", () => {
    const { now, cache } = kitOf();

    const decision = bypassOf(now({ method: "HEAD" }));

    expect([decision.outcome, decision.reason, cache.stats().store?.entries]).toEqual(["miss", "head", 0]);
    expect(said(decision, "cache-status")).toBe("caching-route;fwd=uri-miss;detail=head");
  });

  it("does not lead those who ask for GET", () => {
    const { now } = kitOf();
    now({ method: "HEAD" });

    expect(now().kind).toBe("fill");
  });

  it("is a method like any other where GET is not cached", () => {
    const { now } = kitOf({ route: { methods: ["POST"] } });

    expect(bypassOf(now({ method: "HEAD" })).reason).toBe("method");
  });
});

describe("who shares a stored response", () => {
  it("is everyone without credentials, by default", () => {
    const { ask, now } = kitOf();
    ask();

    expect(now().kind).toBe("serve");
    expect(now({ headers: { cookie: "a=1" } }).kind).toBe("bypass");
  });

  it('is everyone, where the scope is "everyone"', () => {
    const { ask, now } = kitOf({ route: { scope: "everyone" } });
    ask({ headers: { cookie: "a=1" } });

    expect(serveOf(now({ headers: { authorization: "Bearer x" } })).outcome).toBe("hit");
  });

  it("is one principal, where the scope is a function", () => {
    const { ask } = kitOf({ route: { scope: ({ headers }) => headers?.["x-user"] ?? "nobody" } });
    ask({ headers: { "x-user": "ann", cookie: "a=1" } }, { body: "Ann's" });

    const hers = ask({ headers: { "x-user": "ann" } }, { body: "made anew" });
    const his = ask({ headers: { "x-user": "bob" } }, { body: "Bob's" });

    expect([hers, his].map(textOf)).toEqual(["Ann's", "Bob's"]);
  });

  it("is one principal under a key of the route's own, too", () => {
    const { ask } = kitOf({
      route: { key: () => "profile", scope: ({ headers }) => headers?.["x-user"] ?? "nobody" },
    });
    ask({ headers: { "x-user": "ann" } }, { body: "Ann's" });

    expect(textOf(ask({ headers: { "x-user": "bob" } }, { body: "Bob's" }))).toBe("Bob's");
  });
});
