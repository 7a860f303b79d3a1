import { describe, expect, it } from "vitest";
import { createCache, memoryStore } from "../../src/index.ts";
import { bytesStore, testClock } from "../../src/testing/index.ts";
import { answer, asyncStore, fillOf, kitOf, openWith, serveOf, settle, textOf } from "../support/kit.ts";
import type { Asked, KitOptions } from "../support/kit.ts";

const tagged: KitOptions = { route: { tags: ["users", "reports"] } };

describe("a tag that is invalidated", () => {
  it("removes all responses that have it, and no others", async () => {
    const tags = (request: Asked): readonly string[] => [request.target!.slice(1)];
    const { cache, ask, now } = kitOf({ route: { tags } });
    ask({ target: "/a" });
    ask({ target: "/b" });

    await cache.invalidate({ tag: "a" });

    expect([now({ target: "/a" }).kind, now({ target: "/b" }).kind]).toEqual(["fill", "serve"]);
  });

  it("may be one of several, in the call and on the response", async () => {
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

  it("removes what was stored before, and nothing that is stored after it", async () => {
    const { cache, ask, now } = kitOf(tagged);
    ask();
    await cache.invalidate({ tag: "users" });
    ask({}, { body: "after" });

    expect(textOf(serveOf(now()).reply)).toBe("after");
  });

  it("is not counted: invalidate returns no number", async () => {
    const { cache, ask } = kitOf(tagged);
    ask();

    expect(await cache.invalidate({ tag: "users" })).toEqual({ everywhere: true });
  });

  it("removes a response that is read by hand, too", async () => {
    const { cache, ask } = kitOf({ route: { key: () => "user:1", tags: ["users"] } });
    ask();
    const before = await cache.get("user:1");

    await cache.invalidate({ tag: "users" });

    expect([before?.status, await cache.get("user:1")]).toEqual([200, undefined]);
  });

  it("removes every variant and every principal's response", async () => {
    const { cache, ask, now } = kitOf({ route: { tags: ["users"], vary: ["accept-language"] } });
    ask({ headers: { "accept-language": "en" } });
    ask({ headers: { "accept-language": "fr" } });

    await cache.invalidate({ tag: "users" });

    expect(["en", "fr"].map((language) => now({ headers: { "accept-language": language } }).kind)).toEqual([
      "fill",
      "fill",
    ]);
  });

  it("removes responses in a store that holds bytes, too", async () => {
    const { cache, begin } = kitOf({ ...tagged, cache: { store: asyncStore(bytesStore()) } });
    answer(fillOf(await begin()));
    await settle();
    const before = (await begin()).kind;

    await cache.invalidate({ tag: "users" });

    expect([before, (await begin()).kind]).toEqual(["serve", "fill"]);
  });
});

describe("a fill that began before a tag was invalidated", () => {
  it("serves its own client and is not stored", async () => {
    const { cache, now } = kitOf(tagged);
    const fill = fillOf(now());
    await cache.invalidate({ tag: "users" });

    const reply = answer(fill, { body: "before" });

    expect([textOf(reply), now().kind, cache.stats().refusals]).toEqual(["before", "fill", { purged: 1 }]);
  });

  it("is not stored where the tag is named by its response alone", async () => {
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

  it("is not shared with followers: one of them runs the handler again, and the others share that response", async () => {
    const { cache, begin, now } = kitOf(tagged);
    const leader = fillOf(now());
    const followers = [Promise.resolve(begin()), Promise.resolve(begin())];
    await cache.invalidate({ tag: "users" });
    answer(leader, { body: "before" });

    answer(fillOf(await followers[0]!), { body: "after" });

    expect(textOf(serveOf(await followers[1]!).reply)).toBe("after");
  });

  it("does not share its stream with followers: one of them runs the handler again, and the others share that response", async () => {
    const { cache, begin, now } = kitOf(tagged);
    const leader = fillOf(now());
    const followers = [Promise.resolve(begin()), Promise.resolve(begin()), Promise.resolve(begin())];
    await cache.invalidate({ tag: "users" });
    openWith(leader).stream();

    answer(fillOf(await followers[0]!), { body: "after" });

    const others = await Promise.all(followers.slice(1));
    expect(others.map((other) => textOf(serveOf(other).reply))).toEqual(["after", "after"]);
  });

  it("is not shared with followers that resume late, though it was stored in time", async () => {
    const { cache, begin, now } = kitOf(tagged);
    const leader = fillOf(now());
    const follower = Promise.resolve(begin());
    answer(leader, { body: "before" });

    void cache.invalidate({ tag: "users" });

    expect((await follower).kind).toBe("fill");
  });

  it("is not served where the store writes it after the invalidation", async () => {
    const { cache, begin } = kitOf({ ...tagged, cache: { store: asyncStore() } });
    answer(fillOf(await begin()));
    void cache.invalidate({ tag: "users" });
    await settle();

    expect((await begin()).kind).toBe("fill");
  });

  it("is not brought back by its handler's 304", async () => {
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

describe("a response that a 304 freshens", () => {
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

describe("tags that are not non-empty strings", () => {
  it.each([[{ tag: "" }], [{ tag: 1 }], [{ tags: "users" }], [{ tags: [""] }]])(
    "are refused by invalidate: %j",
    async (which) => {
      await expect(createCache().invalidate(which as never)).rejects.toMatchObject({
        code: "ERR_CACHE_TAGS",
      });
    },
  );

  it.each([[undefined], ["users"], [[""]], [[1]], [Array.from({ length: 1 })]])(
    "fail the request whose function returned them, and nothing is stored: %j",
    (returned) => {
      const { cache, now } = kitOf({ route: { tags: () => returned as never } });

      expect(() => openWith(fillOf(now()))).toThrow(expect.objectContaining({ code: "ERR_CACHE_TAGS" }));
      expect([cache.stats().store?.entries, cache.stats().refusals]).toEqual([0, { failed: 1 }]);
    },
  );

  it("are not computed for a response that is not stored anyway", () => {
    const { ask } = kitOf({ route: { tags: () => undefined as never } });

    expect(ask({}, { status: 500 }).status).toBe(500);
  });
});

describe("a process that starts again", () => {
  it("does not serve what was tagged before, since it does not know what was invalidated", async () => {
    const clock = testClock();
    const inner = memoryStore();
    kitOf({
      ...tagged,
      cache: { clock, store: { ...asyncStore(inner), get: (...by) => inner.get(...by) } },
    }).ask();
    clock.advance(1);

    const restarted = kitOf({
      ...tagged,
      cache: { clock, store: { ...asyncStore(inner), get: (...by) => inner.get(...by) } },
    });

    expect(restarted.now().kind).toBe("fill");
  });
});
