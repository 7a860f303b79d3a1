import { describe, expect, it } from "vitest";
import { createCache, memoryStore } from "../../src/index.ts";
import { bytesStore, testClock } from "../../src/testing/index.ts";
import { answer, asyncStore, fillOf, kitOf, openWith, serveOf, settle, textOf } from "../support/kit.ts";
import type { Asked, KitOptions } from "../support/kit.ts";

const tagged: KitOptions = { route: { tags: ["users", "reports"] } };

describe("a tag that is invalidated", () => {
  it("takes all responses that carry it, and no others", async () => {
    const tags = (request: Asked): readonly string[] => [request.target!.slice(1)];
    const { cache, ask, now } = kitOf({ route: { tags } });
    ask({ target: "/a" });
    ask({ target: "/b" });

    await cache.invalidate({ tag: "a" });

    expect([now({ target: "/a" }).kind, now({ target: "/b" }).kind]).toEqual(["fill", "serve"]);
  });

  it("may be one of several, on either side", async () => {
    const { cache, ask, now } = kitOf(tagged);
    ask();

    await cache.invalidate({ tags: ["colours", "reports"] });

    expect(now().kind).toBe("fill");
  });

  it("does not touch responses without tags", async () => {
    const { cache, ask, now } = kitOf();
    ask();

    await cache.invalidate({ tag: "users" });

    expect(now().kind).toBe("serve");
  });

  it("is invalid for what was stored before, and not for what is stored after it", async () => {
    const { cache, ask, now } = kitOf(tagged);
    ask();
    await cache.invalidate({ tag: "users" });
    ask({}, { body: "after" });

    expect(textOf(serveOf(now()).reply)).toBe("after");
  });

  it("is not counted: the answer is undefined", async () => {
    const { cache, ask } = kitOf(tagged);
    ask();

    expect(await cache.invalidate({ tag: "users" })).toBeUndefined();
  });

  it("is gone for a key that is read by hand, too", async () => {
    const { cache, ask } = kitOf({ route: { key: () => "user:1", tags: ["users"] } });
    ask();
    const before = await cache.get("user:1");

    await cache.invalidate({ tag: "users" });

    expect([before?.status, await cache.get("user:1")]).toEqual([200, undefined]);
  });

  it("takes every variant and every principal's response", async () => {
    const { cache, ask, now } = kitOf({ route: { tags: ["users"], vary: ["accept-language"] } });
    ask({ headers: { "accept-language": "en" } });
    ask({ headers: { "accept-language": "fr" } });

    await cache.invalidate({ tag: "users" });

    expect(["en", "fr"].map((language) => now({ headers: { "accept-language": language } }).kind)).toEqual([
      "fill",
      "fill",
    ]);
  });

  it("is kept in a store that holds bytes", async () => {
    const { cache, begin } = kitOf({ ...tagged, cache: { store: asyncStore(bytesStore()) } });
    answer(fillOf(await begin()));
    await settle();
    const before = (await begin()).kind;

    await cache.invalidate({ tag: "users" });

    expect([before, (await begin()).kind]).toEqual(["serve", "fill"]);
  });
});

describe("a fill that began before a tag was invalidated", () => {
  it("answers its own client and is not stored", async () => {
    const { cache, now } = kitOf(tagged);
    const fill = fillOf(now());
    await cache.invalidate({ tag: "users" });

    const reply = answer(fill, { body: "before" });

    expect([textOf(reply), now().kind, cache.stats().refusals]).toEqual(["before", "fill", { purged: 1 }]);
  });

  it("is not stored when the tag is named only by what it answers", async () => {
    const { cache, now } = kitOf({ route: { tags: (_request, head) => [head.header("x-tag")!] } });
    const open = openWith(fillOf(now()), { headers: { "x-tag": "late" } });
    await cache.invalidate({ tag: "late" });

    open.complete("before");

    expect(now().kind).toBe("fill");
  });

  it("is not stored as a stream", async () => {
    const { cache, now } = kitOf(tagged);
    const { sink } = openWith(fillOf(now())).stream();
    sink?.write("before");
    await cache.invalidate({ tag: "users" });

    sink?.end();

    expect(now().kind).toBe("fill");
  });

  it("gives those who wait nothing: one of them runs the handler anew, and the others share that", async () => {
    const { cache, begin, now } = kitOf(tagged);
    const leader = fillOf(now());
    const followers = [Promise.resolve(begin()), Promise.resolve(begin())];
    await cache.invalidate({ tag: "users" });
    answer(leader, { body: "before" });

    answer(fillOf(await followers[0]!), { body: "after" });

    expect(textOf(serveOf(await followers[1]!).reply)).toBe("after");
  });

  it("gives those who wait nothing of its stream: one of them runs the handler anew, and the others share that", async () => {
    const { cache, begin, now } = kitOf(tagged);
    const leader = fillOf(now());
    const followers = [Promise.resolve(begin()), Promise.resolve(begin()), Promise.resolve(begin())];
    await cache.invalidate({ tag: "users" });
    openWith(leader).stream();

    answer(fillOf(await followers[0]!), { body: "after" });

    const others = await Promise.all(followers.slice(1));
    expect(others.map((other) => textOf(serveOf(other).reply))).toEqual(["after", "after"]);
  });

  it("gives those who wait nothing, though it was stored in time and they hear of it late", async () => {
    const { cache, begin, now } = kitOf(tagged);
    const leader = fillOf(now());
    const follower = Promise.resolve(begin());
    answer(leader, { body: "before" });

    void cache.invalidate({ tag: "users" });

    expect((await follower).kind).toBe("fill");
  });

  it("is not served, though the store wrote it after the invalidation", async () => {
    const { cache, begin } = kitOf({ ...tagged, cache: { store: asyncStore() } });
    answer(fillOf(await begin()));
    void cache.invalidate({ tag: "users" });
    await settle();

    expect((await begin()).kind).toBe("fill");
  });

  it("is not brought back by a 304 that its handler says", async () => {
    const route = { tags: ["users"], revalidate: true, ttl: 1 };
    const { cache, clock, ask, now } = kitOf({ route });
    ask({}, { headers: { etag: '"1"' } });
    clock.advance(2);
    const fill = fillOf(now());
    await cache.invalidate({ tag: "users" });

    openWith(fill, { status: 304, headers: { etag: '"1"' } }).complete(undefined);

    expect(fillOf(now()).conditions).toEqual([]);
  });
});

describe("a response that its handler found to hold still", () => {
  it("keeps its tags", async () => {
    const route = { tags: ["users"], revalidate: true, ttl: 1 };
    const { cache, clock, ask, now } = kitOf({ route });
    ask({}, { headers: { etag: '"1"' } });
    clock.advance(2);
    openWith(fillOf(now()), { status: 304, headers: { etag: '"1"' } }).complete(undefined);
    const revalidated = now().kind;

    await cache.invalidate({ tag: "users" });

    expect([revalidated, now().kind]).toEqual(["serve", "fill"]);
  });
});

describe("tags that are no names", () => {
  it.each([
    [{}],
    [{ tag: "" }],
    [{ tag: 1 }],
    [{ tags: "users" }],
    [{ tags: [""] }],
    [{ tag: "a", tags: ["b"] }],
  ])("are refused by invalidate: %j", async (which) => {
    await expect(createCache().invalidate(which as never)).rejects.toMatchObject({ code: "ERR_CACHE_TAGS" });
  });

  it.each([[undefined], ["users"], [[""]], [[1]], [Array.from({ length: 1 })]])(
    "fail the request whose function returned them, and store nothing: %j",
    (returned) => {
      const { cache, now } = kitOf({ route: { tags: () => returned as never } });

      expect(() => openWith(fillOf(now()))).toThrow(expect.objectContaining({ code: "ERR_CACHE_TAGS" }));
      expect([cache.stats().store?.entries, cache.stats().refusals]).toEqual([0, { failed: 1 }]);
    },
  );

  it("are not asked for where nothing is stored anyway", () => {
    const { ask } = kitOf({ route: { tags: () => undefined as never } });

    expect(ask({}, { status: 500 }).status).toBe(500);
  });
});

describe("a process that starts again", () => {
  it("does not know what was invalidated before it: what was tagged then is a miss", async () => {
    const clock = testClock();
    const store = memoryStore();
    kitOf({ ...tagged, cache: { clock, store } }).ask();
    clock.advance(1);

    const restarted = kitOf({ ...tagged, cache: { clock, store } });

    expect(restarted.now().kind).toBe("fill");
  });
});
