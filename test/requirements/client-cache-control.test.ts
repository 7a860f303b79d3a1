import { describe, expect, it } from "vitest";
import type { Reply } from "../../src/adapter.ts";
import {
  answer,
  asking,
  asyncStore,
  bypassOf,
  fillOf,
  followOf,
  kitOf,
  openWith,
  refresher,
  serveOf,
  settle,
} from "../support/kit.ts";
import type { Asked, KitOptions } from "../support/kit.ts";

const told = { clientCacheControl: "public, max-age=60" };
const scoped = { scope: () => "one" };

/** What clients are told where nobody else tells them. */
function toldIn({ unlessSet = [] }: Pick<Reply, "unlessSet">): unknown {
  return Object.fromEntries(unlessSet)["cache-control"];
}

describe("clientCacheControl", () => {
  it("is told with the miss and with hits, beside all that is stored", async () => {
    const { cache, ask } = kitOf({ route: { key: () => "a", ...told } });

    expect([toldIn(ask()), toldIn(ask())]).toEqual(["public, max-age=60", "public, max-age=60"]);
    const fields = (await cache.get("a"))?.fields.map(([name]) => name);
    expect(fields).not.toContain("cache-control");
  });

  it("does not change the lifetime here", () => {
    const { ask, clock, now } = kitOf({ route: { ttl: 600, clientCacheControl: "no-store" } });
    ask();
    clock.advance(599);

    expect(now().kind).toBe("serve");
  });

  it("begins when the response is sent: the Age beside it is added", () => {
    const { ask, clock } = kitOf({ route: { ttl: 600, ...told } });
    const miss = ask({}, { headers: { age: "30" } });
    clock.advance(50);

    expect([toldIn(miss), toldIn(ask())]).toEqual(["public, max-age=90", "public, max-age=140"]);
  });

  it.each([{ "cache-control": "max-age=5" }, { expires: "Thu, 01 Jan 2099 00:00:00 GMT" }])(
    "is not told where the handler sets %j",
    (headers) => {
      const { ask } = kitOf({ route: told });

      expect([toldIn(ask({}, { headers })), toldIn(ask())]).toEqual([undefined, undefined]);
    },
  );

  it("is told where the handler sets CDN-Cache-Control alone", () => {
    const { ask } = kitOf({ route: told });
    const headers = { "cdn-cache-control": "max-age=600" };

    expect([toldIn(ask({}, { headers })), toldIn(ask())]).toEqual([
      "public, max-age=60",
      "public, max-age=60",
    ]);
  });

  it.each([{ status: 500 }, { headers: { "set-cookie": "a=1" } }, { headers: { vary: "*" } }])(
    "is not told with a response that is refused: %j",
    (response) => {
      expect(toldIn(kitOf({ route: told }).ask({}, response))).toBeUndefined();
    },
  );

  it("is not told with a bypass", () => {
    const { now } = kitOf({ route: told });

    expect(toldIn(bypassOf(now({ headers: { cookie: "a=1" } })))).toBeUndefined();
    expect(toldIn(bypassOf(now({ method: "HEAD" })))).toBeUndefined();
  });

  it("is told with a stale response", () => {
    const { refresh } = refresher();
    const kit = kitOf({ route: { ttl: 10, staleWhileRevalidate: 60, ...told } });
    kit.ask({ refresh });
    kit.clock.advance(11);

    expect(toldIn(serveOf(kit.now({ refresh })).reply)).toBe("public, max-age=71");
  });

  it("is told with what a handler's 304 makes fresh again", () => {
    const { ask, clock, now } = kitOf({ route: { ttl: 10, revalidate: true, ...told } });
    ask({}, { headers: { etag: '"1"' } });
    clock.advance(11);

    const revalidated = openWith(fillOf(now()), { status: 304 }).complete(undefined);

    expect(toldIn(revalidated)).toBe("public, max-age=60");
  });

  it("is told to those who wait, and to those who follow a stream", async () => {
    const kit = kitOf({ route: told });
    const waiting = asking(kit, { target: "/whole" });
    const leader = fillOf(kit.now({ target: "/stream" }));
    await settle();
    answer(fillOf(waiting()!));
    const collapsed = asking(kit, { target: "/whole" });
    await settle();
    openWith(leader).stream().sink?.write("first");
    const following = followOf(await kit.begin({ target: "/stream" }));
    void following.content.return?.();

    expect([toldIn(serveOf(collapsed()!).reply), toldIn(following)]).toEqual([
      "public, max-age=60",
      "public, max-age=60",
    ]);
  });

  it("is not told with a 416", () => {
    const { ask } = kitOf({ route: told });
    ask();

    const reply = ask({ headers: { range: "bytes=99-" } });

    expect([reply.status, toldIn(reply)]).toEqual([416, undefined]);
  });

  it("may be a function of the response, stored or new", () => {
    const seen: unknown[] = [];
    const { ask } = kitOf({
      route: {
        statuses: [200, 404],
        clientCacheControl: ({ status, header }) => {
          seen.push([status, header("X-A")]);
          return status === 404 ? "no-cache" : "max-age=60";
        },
      },
    });
    const response = { status: 404, headers: { "x-a": "1" } };

    expect([toldIn(ask({}, response)), toldIn(ask())]).toEqual(["no-cache", "no-cache"]);
    expect(seen).toEqual([
      [404, "1"],
      [404, "1"],
    ]);
  });

  it("is withdrawn where a response turns out to be for one client as it is sent", () => {
    const { now } = kitOf({ route: told });
    const open = openWith(fillOf(now()));
    const sent = open.defer!();
    open.complete("report");

    expect(Object.fromEntries(sent("late-cookie"))["cache-control"]).toBe("no-store");
  });
});

describe("a clientCacheControl function", () => {
  it.each([["max-age=1m"], [undefined], [60], [""]])("that returns %j fails the request", (returned) => {
    const { cache, now } = kitOf({ route: { clientCacheControl: () => returned as never } });

    expect(() => openWith(fillOf(now()))).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_CLIENT_CACHE_CONTROL" }),
    );
    expect([cache.stats().store?.entries, cache.stats().refusals]).toEqual([0, { failed: 1 }]);
  });

  it("that returns a promise fails the request, and the message has the remedy", () => {
    const { now } = kitOf({ route: { clientCacheControl: (() => Promise.resolve("max-age=60")) as never } });

    expect(() => openWith(fillOf(now()))).toThrow(/returned a Promise: let the handler send what it needs/);
  });

  it("that fails on a hit fails that request", () => {
    const texts = ["max-age=60", "max-age=1m"];
    const { ask, now } = kitOf({ route: { clientCacheControl: () => texts.shift()! } });
    ask();

    expect(() => now()).toThrow(/"max-age" takes whole seconds/);
  });

  it("may not make public what a scope function makes private", () => {
    const { now } = kitOf({ route: { ...scoped, clientCacheControl: () => "public, max-age=60" } });

    expect(() => openWith(fillOf(now()))).toThrow(/a scope function makes the response private/);
  });
});

describe("a response of a route with a scope function", () => {
  it("is private on the miss, on hits and where it is refused", () => {
    const { ask } = kitOf({ route: scoped });

    expect([ask({}, { status: 500 }), ask(), ask()].map(toldIn)).toEqual(["private", "private", "private"]);
  });

  it.each([{ method: "HEAD" }, { content: "a" }] satisfies Asked[])(
    "is private where it passes by: %j",
    (asked) => {
      expect(toldIn(bypassOf(kitOf({ route: scoped }).now(asked)))).toBe("private");
    },
  );

  it("is left alone where its method is not cached", () => {
    expect(toldIn(bypassOf(kitOf({ route: scoped }).now({ method: "POST" })))).toBeUndefined();
  });

  it("is private beside an Expires of its handler, and has no lifetime of the route's", () => {
    const { ask } = kitOf({ route: { ...scoped, clientCacheControl: "max-age=60" } });

    expect(toldIn(ask({}, { headers: { expires: "0" } }))).toBe("private");
  });

  it("is private with an asynchronous store, too", async () => {
    const kit = kitOf({ route: scoped, cache: { store: asyncStore() } });
    answer(fillOf(await kit.begin()));
    await settle();

    expect(toldIn(serveOf(await kit.begin()).reply)).toBe("private");
  });

  it.each(["shared", "everyone", "anonymous"] as const)("is not private under scope: %j", (scope) => {
    expect(toldIn(kitOf({ route: { scope } }).ask())).toBeUndefined();
  });
});

describe("a clientCacheControl text with a fault", () => {
  it.each([
    [{ route: { clientCacheControl: "maxage=60" } }, /there is no directive "maxage" in responses/],
    [{ route: { clientCacheControl: 60 as never } }, /"clientCacheControl" is 60; write a Cache-Control/],
    [{ route: { ...scoped, ...told } }, /a scope function makes the response private, and it has "public"/],
    [{ cache: { defaults: told }, route: scoped }, /write "private, max-age=60", or false/],
  ] satisfies [KitOptions, RegExp][])("is refused at the start: %j", (options, message) => {
    expect(() => kitOf(options)).toThrow(message);
  });

  it("is no fault where the route switches it off", () => {
    const { ask } = kitOf({ cache: { defaults: told }, route: { ...scoped, clientCacheControl: false } });

    expect(toldIn(ask())).toBe("private");
  });
});
