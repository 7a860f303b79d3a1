import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/hono.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { ask, heldCache } from "./support.ts";
import type { Seen } from "./support.ts";

type Only = (handler: MiddlewareHandler) => MiddlewareHandler;

/** Returns for each version what lets only its requests reach a handler. */
function versions(...names: readonly string[]): (readonly [version: string, only: Only])[] {
  return names.map((name) => [
    name,
    (handler) => (c, next) => (c.req.header("x-version") === name ? handler(c, next) : next()),
  ]);
}

describe("a place of a Hono middleware", () => {
  it("is a route of its own: two of one middleware on one URL do not share", async () => {
    const cached = cacheRoute(heldCache().cache, { ttl: 60 });
    const app = versions("1", "2").reduce((so, [version, only]) => {
      so.get(
        "/a",
        only(cached),
        only(async (c) => c.text(version)),
      );
      return so;
    }, new Hono());
    const asked = (version: string): Promise<Seen> => ask(app, "/a", { headers: { "x-version": version } });

    const answers = [await asked("1"), await asked("2"), await asked("1"), await asked("2")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "1"],
      ["MISS", "2"],
      ["HIT", "1"],
      ["HIT", "2"],
    ]);
  });

  it("is named by method and path in messages, with the path of its router", async () => {
    const told: string[] = [];
    const cache = createCache({ reporter: ({ message }) => void told.push(message) });
    const teams = new Hono();
    teams.get("/users/:id", cacheRoute(cache, { ttl: 60 }), (c) =>
      c.text("a", 200, { "cache-control": "no-store" }),
    );
    const app = new Hono().basePath("/v1").route("/teams/:team", teams);

    await ask(app, "/v1/teams/1/users/2");

    expect(told).toEqual([expect.stringMatching(/^GET \/v1\/teams\/:team\/users\/:id was not stored/)]);
  });

  it("is found by its path and parameters, and by a URL", async () => {
    const { cache } = heldCache();
    const teams = new Hono();
    teams.get("/users/:id", cacheRoute(cache, { ttl: 60 }), (c) => c.text(c.req.param("id")));
    const app = new Hono().route("/teams/:team", teams);
    const outcomes = async (): Promise<unknown[]> => [
      (await ask(app, "/teams/1/users/2")).cache,
      (await ask(app, "/teams/1/users/3%2F4")).cache,
    ];
    await outcomes();

    await cache.invalidate({ route: "/teams/:team/users/:id", params: { team: 1, id: 2 } });
    const byRoute = await outcomes();
    await cache.invalidate({ route: "/teams/:team/users/:id", params: { team: 1, id: "3/4" } });
    const byDecoded = await outcomes();
    await cache.invalidate({ url: "/teams/1/users/2" });
    const byUrl = await outcomes();

    expect([byRoute, byDecoded, byUrl]).toEqual([
      ["MISS", "HIT"],
      ["HIT", "MISS"],
      ["MISS", "HIT"],
    ]);
  });

  it("is found by its path and parameters where the application finds the path in its own way", async () => {
    const { cache } = heldCache();
    const app = new Hono({ getPath: (request) => `/site${new URL(request.url).pathname}` });
    app.get("/site/users/:id", cacheRoute(cache, { ttl: 60 }), (c) => c.text(c.req.param("id")));
    await ask(app, "/users/1");
    await ask(app, "/users/2");

    await cache.invalidate({ route: "/site/users/:id", params: { id: 1 } });

    const outcomes = [(await ask(app, "/users/1")).cache, (await ask(app, "/users/2")).cache];
    expect(outcomes).toEqual(["MISS", "HIT"]);
  });

  it("has the same name in every process, and another than those that are declared alike", async () => {
    const store = memoryStore();
    let runs = 0;
    const site = (): ((who: string) => Promise<string>) => {
      const cache = createCache({ store, reporter: false, clock: testClock() });
      const app = new Hono();
      // It leaves the second one's requests alone.
      app.get("/a", cacheRoute(cache, { ttl: 60, credentials: ["x-second"] }));
      app.get("/a", cacheRoute(cache, { ttl: 60 }), (c) =>
        c.text(`${c.req.header("x-second") ?? "first"} ${++runs}`),
      );
      return async (who) => {
        const headers: Record<string, string> = who === "second" ? { "x-second": who } : {};
        return (await ask(app, "/a", { headers })).text;
      };
    };
    const [one, other] = [site(), site()];

    const texts = [await one("first"), await one("second"), await other("second"), await other("first")];

    expect(texts).toEqual(["first 1", "second 2", "second 2", "first 1"]);
  });

  it("may have the name that the options give, and a second one throws", async () => {
    const messages: string[] = [];
    const cached = cacheRoute(heldCache().cache, { ttl: 60, route: "reports" });
    const app = new Hono();
    app.onError((error, c) => {
      messages.push(error.message);
      return c.text("page", 500);
    });
    app.get("/a", cached, (c) => c.text("a"));
    app.get("/b", cached, (c) => c.text("b"));

    const answers = [await ask(app, "/a"), await ask(app, "/b"), await ask(app, "/a")];

    expect(answers.map(({ status, cache }) => [status, cache])).toEqual([
      [200, "MISS"],
      [500, null],
      [200, "HIT"],
    ]);
    expect(messages).toEqual([
      expect.stringMatching(/^GET \/b: the option "route" is "reports", the name of GET \/a already/),
    ]);
  });

  it("behind another place of the same cache on a request's way lets the request pass", async () => {
    const { cache } = heldCache();
    const app = new Hono();
    app.use("/a/*", cacheRoute(cache, { ttl: 60 }));
    app.get("/a/b", cacheRoute(cache, { ttl: 5 }), (c) => c.text("a"));

    const answers = [await ask(app, "/a/b"), await ask(app, "/a/b")];

    expect(answers.map(({ cache: outcome }) => outcome)).toEqual(["MISS", "HIT"]);
    expect(cache.stats().stored).toBe(1);
  });
});
