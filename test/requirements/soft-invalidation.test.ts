import { describe, expect, it } from "vitest";
import { bytesStore } from "../../src/testing/index.ts";
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
import type { Kit, KitOptions } from "../support/kit.ts";

/** A route whose stored response was softly invalidated 10 seconds after it was stored. */
async function softly(route: KitOptions["route"] = {}, store?: KitOptions["cache"]): Promise<Kit> {
  const kit = kitOf({ route: { tags: ["todos"], ttl: 60, ...route }, ...(store && { cache: store }) });
  answer(fillOf(await kit.begin()), { body: "before" });
  await settle();
  kit.clock.advance(10);
  await kit.cache.invalidate({ tag: "todos" }, { soft: true });
  return kit;
}

const { refresh } = refresher();

describe("a response that was softly invalidated", () => {
  it("is a miss where it may not be served stale", async () => {
    const { now } = await softly();

    expect(now().kind).toBe("fill");
  });

  it("is served stale at once within stale-while-revalidate, while one refresh runs", async () => {
    const { fills, refresh: run } = refresher();
    const { ask, now } = await softly({ staleWhileRevalidate: 5 });

    const stale = serveOf(now({ refresh: run }));
    answer(fills[0]!, { body: "after" });

    expect([textOf(stale.reply), said(stale.reply, "age"), textOf(ask())]).toEqual(["before", "10", "after"]);
    expect(stale.outcome).toBe("stale");
  });

  it("is not served so once the window that began with the invalidation has ended", async () => {
    const { now, clock } = await softly({ staleWhileRevalidate: 5 });
    clock.advance(5);

    expect(now({ refresh }).kind).toBe("fill");
  });

  it("stands in for an error, for as long as its window is, from the invalidation on", async () => {
    const { fills, refresh: run } = refresher();
    const kit = await softly({ staleIfError: 30 });
    kit.clock.advance(29);
    const within = asking(kit, { refresh: run });
    fills[0]!.abandon("failed");
    await settle();
    kit.clock.advance(1);

    expect([textOf(serveOf(within()!).reply), kit.now({ refresh: run }).kind]).toEqual(["before", "fill"]);
  });

  it("stands in no longer where invalidations follow one another", async () => {
    const { cache, clock, now } = await softly({ staleWhileRevalidate: 5 });
    clock.advance(3);
    await cache.invalidate({ tag: "todos" }, { soft: true });
    clock.advance(2);

    expect(now({ refresh }).kind).toBe("fill");
  });

  it("has the windows of its route even if its lifetime has no end", async () => {
    const route = { ttl: Infinity, staleWhileRevalidate: 5 };
    const [early, late] = [await softly(route), await softly(route)];
    early.clock.advance(4);
    late.clock.advance(5);

    expect([early.now({ refresh }).kind, late.now({ refresh }).kind]).toEqual(["serve", "fill"]);
  });

  it("is not what cache.get returns", async () => {
    const { cache } = await softly({ key: () => "todos", staleWhileRevalidate: 5 });

    expect(await cache.get("todos")).toBeUndefined();
  });

  it("is replaced by the next response, which is fresh", async () => {
    const { ask, now } = await softly();
    ask({}, { body: "after" });

    expect([now().kind, textOf(ask())]).toEqual(["serve", "after"]);
  });

  it("is revalidated by the handler's 304, and fresh then", async () => {
    const { now } = await softly({ revalidate: true });
    const fill = fillOf(now());
    const reply = answer(fill, { status: 304 });

    expect([fill.conditions.length, textOf(reply), now().kind]).toEqual([1, "before", "serve"]);
  });

  it("is gone if the tag is invalidated hard, too", async () => {
    const { cache, now } = await softly({ staleWhileRevalidate: 5 });
    await cache.invalidate({ tag: "todos" });

    expect(now({ refresh }).kind).toBe("fill");
  });

  it("is softly invalidated in a store that holds bytes, too", async () => {
    const { begin } = await softly({ staleWhileRevalidate: 5 }, { store: asyncStore(bytesStore()) });

    expect(await begin({ refresh })).toMatchObject({ kind: "serve", outcome: "stale" });
  });

  it("is told by explain, with the invalidation as the reason", async () => {
    const { cache } = await softly();

    const { text, freshness } = await cache.explain({ url: "http://example.org/reports" });

    expect(freshness).toEqual({ lifetime: 10, age: 10, remaining: 0, from: "softly invalidated then" });
    expect(text).toContain("lifetime 10 s (softly invalidated then) - age 10 s = stale for 0 s");
  });

  it("leaves those without the tag, and those without any", async () => {
    const other = kitOf({ route: { tags: ["users"] } });
    const none = kitOf();
    for (const { ask, cache } of [other, none]) {
      ask();
      await cache.invalidate({ tags: ["todos"] }, { soft: true });
    }

    expect([other.now().kind, none.now().kind]).toEqual(["serve", "serve"]);
  });
});

describe("a fill that began before a soft invalidation", () => {
  it("serves its own client, and is stale from then on", async () => {
    const { cache, now } = kitOf({ route: { tags: ["todos"], staleWhileRevalidate: 5 } });
    const fill = fillOf(now());
    await cache.invalidate({ tag: "todos" }, { soft: true });

    const reply = answer(fill, { body: "before" });

    expect(textOf(reply)).toBe("before");
    expect(now({ refresh })).toMatchObject({ kind: "serve", outcome: "stale" });
  });

  it("is not fresh if it ends long after, and one request asks for all again", async () => {
    const kit = kitOf({ route: { tags: ["todos"] } });
    const fill = fillOf(kit.now());
    await kit.cache.invalidate({ tag: "todos" }, { soft: true });
    kit.clock.advance(5);
    answer(fill, { body: "before" });

    const next = fillOf(kit.now());
    const follower = asking(kit, {});
    answer(next, { body: "after" });
    await settle();

    expect(textOf(serveOf(follower()!).reply)).toBe("after");
  });

  it("is not served to those who wait for it: the first of them asks again", async () => {
    const kit = kitOf({ route: { tags: ["todos"] } });
    const fill = fillOf(kit.now());
    const follower = asking(kit, {});
    await kit.cache.invalidate({ tag: "todos" }, { soft: true });
    answer(fill, { body: "before" });
    await settle();

    answer(fillOf(follower()!), { body: "after" });
    // It arrived before the invalidation, and its guards may have read then: that is not stored.
    answer(fillOf(kit.now()), { body: "later" });

    expect(textOf(serveOf(kit.now()).reply)).toBe("later");
  });

  it("goes on for those who were following its stream by then", async () => {
    const kit = kitOf({ route: { tags: ["todos"] } });
    const { sink } = openWith(fillOf(kit.now())).stream();
    const follower = asking(kit, {});
    sink?.write("before");
    await settle();
    await kit.cache.invalidate({ tag: "todos" }, { soft: true });
    sink?.end();

    expect(await readText(followOf(follower()!).content)).toBe("before");
  });
});

describe("a response that is put by hand", () => {
  it("is not stored fresh if a soft invalidation overtakes it", async () => {
    const { cache } = kitOf({ cache: { store: asyncStore() } });
    const put = cache.set("a", { body: "before" }, { tags: ["todos"] });
    await cache.invalidate({ tag: "todos" }, { soft: true });

    expect([await put, await cache.get("a")]).toEqual([false, undefined]);
  });
});

describe("the options of a soft invalidation", () => {
  it.each<[object, string]>([
    [{ soft: "yes" }, 'the option "soft" is "yes"; write true or false'],
    [{ sofft: true }, 'did you mean "soft"?'],
  ])("are refused if they are %j", async (how, message) => {
    const { cache } = kitOf();

    await expect(cache.invalidate({ tag: "a" }, how)).rejects.toThrow(message);
  });

  it("are for keys, too: a key is not removed then", async () => {
    const { cache, ask, now, clock } = kitOf({
      route: { key: () => "a", ttl: 60, staleWhileRevalidate: 60 },
    });
    ask();

    const result = await cache.invalidate("a", { soft: true });
    clock.advance(1);

    expect([
      result,
      serveOf(now({ refresh: () => undefined })).outcome,
      cache.stats().store?.entries,
    ]).toEqual([{ everywhere: true }, "stale", 1]);
  });
});
