import { describe, expect, it, vi } from "vitest";
import { CacheError, createCache, memoryStore } from "../src/index.ts";
import type { ManualResponse, Store } from "../src/index.ts";
import { engineOf } from "../src/adapter.ts";
import { testClock } from "../src/testing/clock.ts";
import { answer, asyncStore, fillOf, kitOf, said, textOf } from "./support/kit.ts";
import type { KitOptions } from "./support/kit.ts";

const byKey: KitOptions = { route: { key: () => "user:1" } };
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe("a response that is put by hand", () => {
  it("is served by a route whose function names its key", async () => {
    const { cache, ask } = kitOf(byKey);

    const kept = await cache.set("user:1", {
      status: 201,
      headers: { "Content-Type": "text/plain", Link: ["<a>", "<b>"] },
      body: "Ann",
    });

    const hit = ask();
    expect([
      kept,
      hit.status,
      textOf(hit),
      said(hit, "content-type"),
      said(hit, "link"),
      said(hit, "x-cache"),
    ]).toEqual([true, 201, "Ann", "text/plain", "<a>, <b>", "HIT"]);
  });

  it("has an ETag of its content, unless it brings one", async () => {
    const { cache, ask } = kitOf(byKey);
    await cache.set("user:1", { body: "report" });
    const made = said(ask(), "etag");
    await cache.set("user:1", { body: "report", headers: { etag: '"v1"' } });

    expect([made, said(ask(), "etag")]).toEqual(['"hF6RgxMZ6JxNZWvbgMJ4rA"', '"v1"']);
  });

  it("stays for a minute, or for its ttl", async () => {
    const { cache, clock } = kitOf();
    await cache.set("a", { body: "a" });
    await cache.set("b", { body: "b" }, { ttl: 90 });
    await cache.set("c", { body: "c" }, { ttl: Infinity });
    clock.advance(60);
    const found = [await cache.get("a"), await cache.get("b"), await cache.get("c")];

    expect(found.map((response) => response && text(response.body))).toEqual([undefined, "b", "c"]);
  });

  it("is a copy, so that bytes that are used again change nothing", async () => {
    const { cache } = kitOf();
    const body = new TextEncoder().encode("first");
    await cache.set("a", { body });
    body.fill(0);

    expect(text((await cache.get("a"))?.body)).toBe("first");
  });

  it("has no fields that each message has of its own", async () => {
    const { cache, ask } = kitOf(byKey);
    await cache.set("user:1", {
      body: "Ann",
      headers: { "content-length": "99", age: "7", date: "now" },
    });

    const hit = ask();
    expect(["content-length", "age", "date"].map((name) => said(hit, name))).toEqual(["3", "0", undefined]);
  });

  it("replaces what a running handler would store", async () => {
    const { cache, now, ask } = kitOf(byKey);
    const fill = now() as Extract<ReturnType<typeof now>, { kind: "fill" }>;
    await cache.set("user:1", { body: "by hand" });

    fill.open({ status: 200, fields: [] }).complete("by the handler");

    expect(textOf(ask())).toBe("by hand");
  });

  it.each<[string, unknown]>([
    ["with no body", {}],
    ["with a body of another kind", { body: { a: 1 } }],
    ["with a status that is not final", { status: 100, body: "" }],
    ["with the status of a part", { status: 206, body: "" }],
    ["with the status 304", { status: 304, body: "" }],
    ["with a status that is not a number", { status: "200", body: "" }],
    ["with a header that splits the response", { headers: { a: "b\r\nc: d" }, body: "" }],
    ["with a header that has no name", { headers: { "a b": "c" }, body: "" }],
    ["with a header of a connection", { headers: { Connection: "close" }, body: "" }],
  ])("is refused %s", async (_, response) => {
    const { cache } = kitOf();

    await expect(cache.set("a", response as ManualResponse)).rejects.toMatchObject({
      code: "ERR_CACHE_RESPONSE",
    });
    expect(await cache.get("a")).toBeUndefined();
  });

  it.each([[-1], [Number.NaN], ["soon"]])("is refused with the lifetime %s", async (ttl) => {
    await expect(kitOf().cache.set("a", { body: "" }, { ttl: ttl as number })).rejects.toMatchObject({
      code: "ERR_CACHE_OPTION_INVALID",
      message: expect.stringContaining("write seconds, 0 or more"),
    });
  });

  it.each([[""], [undefined], [7]])("is refused under the key %s", async (key) => {
    await expect(kitOf().cache.set(key as string, { body: "" })).rejects.toMatchObject({
      code: "ERR_CACHE_KEY",
    });
  });
});

describe("a response that is read by hand", () => {
  it("is what a route stored", async () => {
    const { cache, ask, clock } = kitOf({ ...byKey, route: { key: () => "user:1", ttl: 5 } });
    ask({}, { headers: { "x-a": "1" }, body: "Ann" });

    const found = await cache.get("user:1");

    expect(found).toMatchObject({ status: 200, storedAt: clock.now(), staleAt: clock.now() + 5000 });
    expect([text(found?.body), found?.fields[0]]).toEqual(["Ann", ["x-a", "1"]]);
  });

  it("is a copy, so that changing it changes nothing", async () => {
    const { cache, ask } = kitOf(byKey);
    ask({}, { body: "Ann" });

    (await cache.get("user:1"))?.body.fill(0);

    expect(textOf(ask())).toBe("Ann");
  });

  it("is undefined where the key is of another namespace", async () => {
    const { cache } = kitOf({ cache: { namespace: "api" } });
    await cache.set("1", { body: "user" }, { namespace: "users" });

    const found = [
      await cache.get("1"),
      await cache.get("1", { namespace: "posts" }),
      await cache.get("1", { namespace: "users" }),
    ];

    expect(found.map((response) => response?.status)).toEqual([undefined, undefined, 200]);
  });

  it("comes from an asynchronous store, too", async () => {
    const { cache } = kitOf({ cache: { store: asyncStore() } });
    await cache.set("a", { body: "a" });

    expect([text((await cache.get("a"))?.body), await cache.invalidate("a"), await cache.get("a")]).toEqual([
      "a",
      { removed: 1, everywhere: true },
      undefined,
    ]);
  });
});

describe("the counters of a cache", () => {
  it("begin at 0", () => {
    expect(createCache().stats()).toEqual({
      outcomes: { hit: 0, stale: 0, revalidated: 0, miss: 0, collapsed: 0, bypass: 0 },
      refusals: {},
      stored: 0,
      refreshes: 0,
      storeErrors: 0,
      store: {
        name: "memory",
        state: "up",
        latency: undefined,
        pending: 0,
        dropped: 0,
        marks: 0,
        polls: 0,
        entries: 0,
        bytes: 0,
        evictions: 0,
      },
    });
  });

  it("count each request once", async () => {
    const { cache, ask, now, begin } = kitOf();
    const leader = now() as Extract<ReturnType<typeof now>, { kind: "fill" }>;
    const follower = begin();
    leader.open({ status: 200, fields: [] }).complete("");
    await follower;
    ask();
    now({ method: "DELETE" });
    now({ method: "HEAD", target: "/other" });

    expect(cache.stats().outcomes).toEqual({
      hit: 1,
      stale: 0,
      revalidated: 0,
      miss: 2,
      collapsed: 1,
      bypass: 1,
    });
  });

  it("are a copy, so that changing them changes nothing", () => {
    const { cache, ask } = kitOf();
    ask();
    const stats = cache.stats() as { outcomes: { miss: number } };

    stats.outcomes.miss = 99;

    expect(cache.stats().outcomes.miss).toBe(1);
  });

  it("have no size of a store without stats", () => {
    expect(createCache({ store: asyncStore() }).stats().store).toEqual({
      name: "async",
      state: "up",
      latency: undefined,
      pending: 0,
      dropped: 0,
      marks: 0,
      polls: 0,
    });
  });
});

describe("a cache", () => {
  it("is empty after clear", async () => {
    const { cache, ask, now } = kitOf();
    ask();

    expect([await cache.clear(), now().kind]).toEqual([{ removed: 1, everywhere: true }, "fill"]);
  });

  it("serves nothing after clear, where its store fails, too", async () => {
    const store: Store = {
      ...memoryStore(),
      ...asyncStore(),
      clear: () => Promise.reject(new Error("down")),
    };
    const { cache, begin } = kitOf({ cache: { store, onError: () => undefined } });
    answer(fillOf(await begin()));

    const cleared = await cache.clear();

    expect([cleared, (await begin()).kind]).toEqual([{ everywhere: true }, "fill"]);
  });

  it("warns of a failing store on the console, once in ten seconds, unless it has onError", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const clock = testClock();
    const down = (): never => {
      throw new Error("down");
    };
    const { now } = kitOf({
      cache: {
        clock,
        store: { name: "odd", shared: false, get: down, set: down, delete: down, clear: down },
      },
    });
    [1, 2, 3].forEach((n) => now({ target: `/${n}` }));
    clock.advance(10);

    now({ target: "/4" });

    expect(warn.mock.calls.map(([line]) => line)).toEqual([
      expect.stringContaining("the store odd failed to get (1 so far"),
      expect.stringContaining("the store odd failed to get (3 so far"),
    ]);
    vi.restoreAllMocks();
  });

  it("hashes principals with its secret, so that processes with the same secret share entries", () => {
    const store = memoryStore();
    const route = { scope: () => "ann" };
    const [first, same, other] = ["s", "s", "t"].map((secret) => kitOf({ cache: { store, secret }, route }));
    first!.ask();

    expect([same!.now().kind, other!.now().kind]).toEqual(["serve", "fill"]);
  });
});

describe("a value that is not a cache", () => {
  it.each([
    ["undefined", undefined],
    ["null", null],
    ["an object", {}],
    ["text", "cache"],
    ["createCache itself", createCache],
  ])("is refused by an adapter: %s", (_, value) => {
    expect(() => engineOf(value as never)).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_NOT_A_CACHE",
        message: expect.stringContaining("expected the cache that createCache() returns"),
      }),
    );
  });

  it("is refused with an error whose class users can import", () => {
    expect(() => engineOf({} as never)).toThrow(CacheError);
  });
});
