import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import {
  answer,
  asking,
  asyncStore,
  fillOf,
  followOf,
  kitOf,
  openWith,
  readText,
  refresher,
  said,
  serveOf,
  settle,
  textOf,
} from "../support/kit.ts";
import type { KitOptions } from "../support/kit.ts";
import { chaosStore } from "../../src/testing/index.ts";

const unkept: KitOptions = { route: { store: false } };

describe("requests for a route with store: false", () => {
  it("share one run if they come while it is under way", async () => {
    const kit = kitOf(unkept);
    const fill = fillOf(kit.now());
    const follower = asking(kit, {});

    const reply = answer(fill, { body: "made" });
    await settle();

    const collapsed = serveOf(follower()!);
    expect([textOf(reply), textOf(collapsed.reply), collapsed.outcome]).toEqual([
      "made",
      "made",
      "collapsed",
    ]);
    expect(said(collapsed.reply, "cache-status")).toBe("caching-route;fwd=uri-miss;collapsed");
    expect(kit.now().kind).toBe("fill");
  });

  it("never touch the store, and tell why nothing is stored", async () => {
    const store = chaosStore(memoryStore());
    const { cache, ask } = kitOf({ ...unkept, cache: { store } });

    const reply = ask();

    expect(store.log).toEqual([]);
    expect(said(reply, "cache-status")).toBe("caching-route;fwd=uri-miss;fwd-status=200;detail=store-false");
    expect([cache.stats().stored, cache.stats().refusals]).toEqual([0, { "store-false": 1 }]);
  });

  it("are decided at once, even with an asynchronous store", () => {
    const { now } = kitOf({ ...unkept, cache: { store: asyncStore() } });

    expect(now().kind).toBe("fill");
  });

  it("follow a stream until its end", async () => {
    const kit = kitOf(unkept);
    const { sink } = openWith(fillOf(kit.now())).stream();
    sink?.write("first ");
    const following = followOf(await kit.begin());
    const text = readText(following.content);

    sink?.write("last");
    sink?.end();

    expect([await text, kit.now().kind]).toEqual(["first last", "fill"]);
  });

  it("share a response whatever its lifetime", async () => {
    const kit = kitOf(unkept);
    const fill = fillOf(kit.now());
    const follower = asking(kit, {});

    answer(fill, { headers: { "cache-control": "max-age=0" } });
    await settle();

    expect(serveOf(follower()!).outcome).toBe("collapsed");
  });

  it.each(["no-store", "private", "no-cache"])("do not share a response with %s", async (directive) => {
    const kit = kitOf({ route: { store: false, revalidate: true } });
    const fill = fillOf(kit.now());
    const follower = asking(kit, {});

    answer(fill, { headers: { "cache-control": directive } });
    await settle();

    expect(follower()?.kind).toBe("fill");
  });

  it("that came after an invalidation do not get what began before it", async () => {
    const kit = kitOf({ route: { store: false, tags: ["users"] } });
    const fill = fillOf(kit.now());
    const follower = asking(kit, {});
    await kit.cache.invalidate({ tag: "users" });

    answer(fill);
    await settle();

    expect(follower()?.kind).toBe("fill");
  });

  it("tell how old a shared response was when it came", async () => {
    const kit = kitOf(unkept);
    const fill = fillOf(kit.now());
    const follower = asking(kit, {});

    answer(fill, { headers: { age: "30" } });
    await settle();

    expect(said(serveOf(follower()!).reply, "age")).toBe("30");
  });
});

describe("a route with store: false", () => {
  it("serves nothing stale, and refreshes nothing, whatever its windows", () => {
    const { fills, refresh } = refresher();
    const route = { store: false, staleWhileRevalidate: 600, staleIfError: 600, revalidate: true };
    const kit = kitOf({ route });
    answer(fillOf(kit.now({ refresh })));
    kit.clock.advance(61);

    const fill = fillOf(kit.now({ refresh }));

    expect([fill.conditions, fills.length]).toEqual([[], 0]);
  });

  it("does not call its ttl function", () => {
    const ttl = (): never => {
      throw new Error("called");
    };

    expect(textOf(kitOf({ route: { store: false, ttl } }).ask())).toBe("report");
  });

  it("answers conditions from the new response", () => {
    const { ask } = kitOf(unkept);
    const etag = said(ask(), "etag")!;

    expect(ask({ headers: { "if-none-match": etag } }).status).toBe(304);
  });

  it("tells so where a head is deferred", () => {
    const { now } = kitOf(unkept);
    const open = openWith(fillOf(now()));
    const sent = open.defer!();

    const reply = open.complete("report");

    expect(said(reply, "cache-status")).toContain("detail=store-false");
    expect(said({ fields: sent() }, "cache-status")).toContain("detail=store-false");
  });

  it("is explained", async () => {
    const { cache } = kitOf(unkept);

    const { outcome, text } = await cache.explain({ url: "http://example.org/reports" });

    expect(outcome).toBe("miss");
    expect(text).toContain(
      "its response is shared with requests that come meanwhile, and not stored (store: false)",
    );
  });

  it("is explained while its handler runs: the request would wait", async () => {
    const { cache, now } = kitOf(unkept);
    now();

    expect((await cache.explain({ url: "http://example.org/reports" })).outcome).toBe("collapsed");
  });

  it("takes true or false, and no store", () => {
    const store = memoryStore() as never;

    expect(() => kitOf({ route: { store } })).toThrow(/a store belongs to createCache\(\{ store \}\)/);
  });
});

it("cache.set keeps a response where the defaults keep none", async () => {
  const { cache } = kitOf({ cache: { defaults: { store: false } } });

  expect(await cache.set("a", { body: "a" })).toBe(true);
});
