import { describe, expect, it } from "vitest";
import { engineOf } from "../../src/adapter.ts";
import { memoryStore } from "../../src/index.ts";
import type { CacheOptions, RouteOptions, Store } from "../../src/index.ts";
import { answer, asyncStore, fillOf, kitOf, openWith, serveOf, settle, textOf } from "../support/kit.ts";
import type { Asked, Kit, KitOptions } from "../support/kit.ts";

const byKey: KitOptions = { route: { key: () => "user:1" } };

/** A store that writes entries only when a test lets it. */
function lateStore(): { readonly store: Store; write(): void; writeLastFirst(): void } {
  const inner = memoryStore();
  const writes: (() => void)[] = [];
  const store: Store = {
    ...asyncStore(inner),
    set: (entry) =>
      new Promise((resolve) => {
        writes.push(() => resolve(inner.set(entry)));
      }),
  };
  return {
    store,
    write: () => writes.splice(0).forEach((go) => go()),
    writeLastFirst: () =>
      writes
        .splice(0)
        .toReversed()
        .forEach((go) => go()),
  };
}

function lateKit(): { readonly kit: Kit } & Omit<ReturnType<typeof lateStore>, "store"> {
  const { store, ...writes } = lateStore();
  return { kit: kitOf({ ...byKey, cache: { store } }), ...writes };
}

it("an invalidation by a key reaches what another cache on the store is making", async () => {
  const store = memoryStore();
  const [one, other] = [kitOf({ ...byKey, cache: { store } }), kitOf({ ...byKey, cache: { store } })];
  const fill = fillOf(one.now());
  await other.cache.invalidate("user:1");

  answer(fill);

  expect(one.now().kind).toBe("fill");
});

it("an invalidation by a key reaches what the store writes after it has removed", async () => {
  const inner = memoryStore();
  const [writes, removals]: [(() => void)[], (() => void)[]] = [[], []];
  const store: Store = {
    ...asyncStore(inner),
    set: (entry) => new Promise((resolve) => writes.push(() => resolve(inner.set(entry)))),
    delete: (key, position) =>
      new Promise((resolve) => removals.push(() => resolve(inner.delete(key, position)))),
  };
  const kit = kitOf({ ...byKey, cache: { store } });
  answer(fillOf(await kit.begin()));
  const invalidated = kit.cache.invalidate("user:1");
  removals.splice(0).forEach((go) => go());
  await invalidated;
  writes.splice(0).forEach((go) => go());
  await settle();

  expect([inner.stats?.().entries, (await kit.begin()).kind]).toEqual([1, "fill"]);
});

describe("an invalidation while a handler runs", () => {
  it("keeps the response from being stored, since the handler read before it", async () => {
    const { cache, now } = kitOf(byKey);
    const fill = fillOf(now());
    await cache.invalidate("user:1");

    const reply = answer(fill, { body: "before" });

    expect([textOf(reply), now().kind, cache.stats().refusals]).toEqual(["before", "fill", { purged: 1 }]);
  });

  it("keeps the response from being stored between its head and its end", async () => {
    const { cache, now } = kitOf(byKey);
    const open = openWith(fillOf(now()));
    await cache.invalidate("user:1");

    open.complete("before");

    expect(now().kind).toBe("fill");
  });

  it("keeps a stream that is under way from being stored", async () => {
    const { cache, now } = kitOf(byKey);
    const { sink } = openWith(fillOf(now())).stream();
    sink?.write("before");
    await cache.invalidate("user:1");

    sink?.end();

    expect(now().kind).toBe("fill");
  });

  it("keeps all responses from being stored where everything is cleared", async () => {
    const { cache, now } = kitOf();
    const fills = [fillOf(now({ target: "/a" })), fillOf(now({ target: "/b" }))];
    const cleared = await cache.clear();

    fills.forEach((fill) => answer(fill));

    expect([cleared, cache.stats().store?.entries, cache.stats().refusals]).toEqual([
      { removed: 0, everywhere: true },
      0,
      { purged: 2 },
    ]);
  });

  it("leaves other keys alone", async () => {
    const { cache, now } = kitOf(byKey);
    const fill = fillOf(now());
    await cache.invalidate("user:2");

    answer(fill, { body: "kept" });

    expect(textOf(serveOf(now()).reply)).toBe("kept");
  });

  it("makes followers run the handler again, and share that response", async () => {
    const { cache, begin, now } = kitOf(byKey);
    now();
    const followers = [Promise.resolve(begin()), Promise.resolve(begin())];
    await cache.invalidate("user:1");

    answer(fillOf(await followers[0]!), { body: "after" });

    expect(textOf(serveOf(await followers[1]!).reply)).toBe("after");
    expect(textOf(serveOf(now()).reply)).toBe("after");
  });

  it("does not make the resource uncacheable", async () => {
    const { cache, now } = kitOf(byKey);
    const fill = fillOf(now());
    await cache.invalidate("user:1");
    answer(fill);

    expect(fillOf(now()).hidden).not.toEqual([]);
  });

  it("hides the response from later requests while a slow store still writes it", async () => {
    const { kit } = lateKit();
    answer(fillOf(await kit.begin()), { body: "before" });
    await kit.cache.invalidate("user:1");

    expect((await kit.begin()).kind).toBe("fill");
  });

  it.each([
    ["before", 0.1],
    ["after", 0.4],
  ])("removes what a store writes long after its deadline, where it came %s that", async (_when, at) => {
    const { kit, write } = lateKit();
    answer(fillOf(await kit.begin()), { body: "old" });
    kit.clock.advance(at);
    await kit.cache.invalidate("user:1");
    kit.clock.advance(5);
    await settle();

    write();
    await settle();

    expect((await kit.begin()).kind).toBe("fill");
  });

  it("removes what a slow store writes after it", async () => {
    const { kit, write } = lateKit();
    answer(fillOf(await kit.begin()), { body: "before" });
    await kit.cache.invalidate("user:1");

    write();
    await settle();

    expect((await kit.begin()).kind).toBe("fill");
  });
});

describe("an invalidation while a response is put by hand", () => {
  it.each([
    ["while the store writes it", 0, 0.1],
    ["before the store's deadline, and the store writes after it", 0.1, 5],
    ["after the store's deadline, before the store writes", 0.4, 5],
  ])("removes that response: %s", async (_when, before, after) => {
    const { kit, write } = lateKit();
    const put = kit.cache.set("user:1", { body: "old" });
    kit.clock.advance(before);
    await settle();
    await kit.cache.invalidate("user:1");
    kit.clock.advance(after);
    await settle();

    write();
    await settle();

    expect([await put, await kit.cache.get("user:1")]).toEqual([false, undefined]);
  });

  it("keeps an earlier response from replacing a later one in a store that writes out of order", async () => {
    const { kit, writeLastFirst } = lateKit();
    const puts = [kit.cache.set("user:1", { body: "old" }), kit.cache.set("user:1", { body: "new" })];
    await settle();

    writeLastFirst();
    await Promise.all(puts);
    await settle();

    expect(await kit.cache.get("user:1")).toBeUndefined();
  });
});

describe("an invalidation", () => {
  it("returns how many responses it removed", async () => {
    const { cache, ask } = kitOf({ route: { key: () => "user:1", vary: ["accept-language"] } });
    ask({ headers: { "accept-language": "en" } });
    ask({ headers: { "accept-language": "fr" } });

    expect([await cache.invalidate("user:1"), await cache.invalidate("user:1")]).toEqual([
      { removed: 2, everywhere: true },
      { removed: 0, everywhere: true },
    ]);
  });

  it("is confined to its namespace", async () => {
    const { cache, ask } = kitOf({
      route: { key: () => "1", namespace: "users" },
      cache: { namespace: "api" },
    });
    ask();

    const elsewhere = await cache.invalidate("1");
    const there = await cache.invalidate("1", { namespace: "users" });

    expect([elsewhere.removed, there.removed]).toEqual([0, 1]);
  });

  it("throws for a key that no route could have", async () => {
    const { cache } = kitOf();

    await expect(cache.invalidate("")).rejects.toMatchObject({ code: "ERR_CACHE_KEY" });
  });
});

describe("a stored response", () => {
  it.each<[string, RouteOptions<Asked>, (kit: Kit) => void]>([
    [
      "an unsafe request",
      { invalidateOnUnsafe: true },
      (kit: Kit) => void answer(fillOf(kit.now({ method: "POST" }))),
    ],
    ["an invalidation", { key: () => "reports" }, (kit: Kit) => void kit.cache.invalidate("reports")],
  ])("is gone by %s before a slow store has removed it", async (_what, route, remove) => {
    const store: Store = { ...asyncStore(), delete: () => new Promise(() => undefined) };
    const kit = kitOf({ cache: { store }, route });
    answer(fillOf(await kit.begin()));
    await settle();

    remove(kit);

    expect((await kit.begin()).kind).toBe("fill");
  });
});

describe("an invalidation that finds nothing", () => {
  function told(
    route: RouteOptions<Asked> = {},
    cache: CacheOptions = {},
  ): { readonly kit: Kit; readonly messages: string[] } {
    const messages: string[] = [];
    const kit = kitOf({
      route: { key: () => "user:1", ...route },
      cache: { ...cache, reporter: ({ message }) => void messages.push(message) },
    });
    return { kit, messages };
  }

  it("is told for a key, once, with the namespaces that exist", async () => {
    const { kit, messages } = told({ namespace: "users" });
    kit.ask();

    await kit.cache.invalidate("user:1");
    await kit.cache.invalidate("user:1");
    await kit.cache.invalidate("user:1", { namespace: "users" });

    expect(messages).toEqual([
      'cache.invalidate("user:1") has found nothing: nothing is stored under this key, and no namespace was given; ' +
        'the namespaces here are "users"; give that of the route, and what its "key" returns',
    ]);
  });

  it("is told with namespaces as a call takes them, without that of the cache", async () => {
    const { kit, messages } = told({ namespace: "users" }, { namespace: "api" });

    await kit.cache.invalidate("user:1", { namespace: "usres" });
    await kit.cache.invalidate({ namespace: "usres" });

    expect(messages).toEqual([
      'cache.invalidate("user:1") has found nothing: nothing is stored under this key in the namespace "usres"; ' +
        'the namespaces here are "users"; give that of the route, and what its "key" returns',
      'cache.invalidate({ namespace: "usres" }) has found no such namespace: the namespaces here are "users"',
    ]);
  });

  it.each(["/users/7", "https://example.org/users/7"])(
    "is told for %s, a URL in place of a key",
    async (url) => {
      const { kit, messages } = told({ namespace: "users" });

      await kit.cache.invalidate(url);

      expect(messages).toEqual([
        `cache.invalidate("${url}") has found nothing: nothing is stored under this key; ` +
          `for a URL, write cache.invalidate({ url: "${url}" })`,
      ]);
    },
  );

  it("is told for a route or a namespace that no route here has, with those that exist", async () => {
    const { kit, messages } = told({ namespace: "users" });

    await kit.cache.invalidate({ route: "/usres/:id" });
    await kit.cache.invalidate({ route: "/usres/7" });
    await kit.cache.invalidate({ namespace: "usres" }, { soft: true });
    await kit.cache.invalidate({ route: "/reports" });
    await kit.cache.invalidate({ namespace: "users" });

    expect(messages).toEqual([
      'cache.invalidate({ route: "/usres/:id" }) has found no such route: the routes here are /reports',
      'cache.invalidate({ route: "/usres/7" }) has found no such route: the routes here are /reports; ' +
        'for a URL, write cache.invalidate({ url: "/usres/7" })',
      'cache.invalidate({ namespace: "usres" }) has found no such namespace: the namespaces here are "users"',
    ]);
  });

  it("is told for a route that may be one without a known path, with when it is known", async () => {
    const { kit, messages } = told();
    engineOf(kit.cache).policy({}, { route: "HEAD /reports" });
    engineOf(kit.cache).policy({}, { route: "cacheRoute()" });

    await kit.cache.invalidate({ route: "/users/:id" });

    expect(messages).toEqual([
      'cache.invalidate({ route: "/users/:id" }) has found no such route: the routes here are /reports | cacheRoute(); ' +
        "in Express a route is known from its first request on, and with fetch it has a name alone",
    ]);
  });

  it("is told by the path that a route has in its keys, as below a router with parameters", async () => {
    const { kit, messages } = told();
    engineOf(kit.cache).policy({}, { route: "GET /teams/1/users/:id", name: "GET /teams/:team/users/:id" });

    await kit.cache.invalidate({ route: "/teams/:team/users/:id" });
    await kit.cache.invalidate({ route: "/teams/1/users/:id" });

    expect(messages).toEqual([
      'cache.invalidate({ route: "/teams/1/users/:id" }) has found no such route: ' +
        "the routes here are /reports | /teams/:team/users/:id",
    ]);
  });

  it("is told ten times at most", async () => {
    const { kit, messages } = told();

    for (let key = 0; key < 20; key++) await kit.cache.invalidate(`key ${key}`);

    expect(messages).toHaveLength(10);
  });
});
