import { H3, withBase } from "h3";
import { describe, expect, it } from "vitest";
import { cacheMiddleware, cacheRoute } from "../../../src/adapters/h3.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { ask, heldCache } from "../hono/support.ts";

describe("a place in the routes of an h3 application", () => {
  it("is a route of its own behind a middleware, which two applications may share", async () => {
    const middleware = cacheMiddleware(heldCache().cache, { ttl: 60 });
    const [one, other] = ["one", "other"].map((name) =>
      new H3()
        .use(middleware)
        .get("/a", () => name)
        .post("/a", () => name),
    ) as [H3, H3];

    const answers = [await ask(one, "/a"), await ask(other, "/a"), await ask(one, "/a")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "one"],
      ["MISS", "other"],
      ["HIT", "one"],
    ]);
  });

  it("that is declared for HEAD alone is served from what its GET has stored", async () => {
    const cached = cacheRoute(heldCache().cache, { ttl: 60 }, () => "a");
    const app = new H3().get("/a", cached).head("/a", cached);

    const answers = [await ask(app, "/a"), await ask(app, "/a", { method: "HEAD" })];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "a"],
      ["HIT", ""],
    ]);
  });

  it("is named by method and path in messages, with the path of the application around it", async () => {
    const told: string[] = [];
    const cache = createCache({ reporter: ({ message }) => void told.push(message) });
    const refusing = new Response("a", { headers: { "cache-control": "no-store" } });
    const teams = new H3().get(
      "/users/:id",
      cacheRoute(cache, { ttl: 60 }, () => refusing.clone()),
    );
    teams.all(
      "/all",
      cacheRoute(cache, { ttl: 60 }, () => refusing.clone()),
    );
    const app = new H3().mount("/teams/:team", teams);

    await ask(app, "/teams/1/users/2");
    await ask(app, "/teams/1/all");

    expect(told).toEqual([
      expect.stringMatching(/^GET \/teams\/:team\/users\/:id was not stored/),
      expect.stringMatching(/^ALL \/teams\/:team\/all was not stored/),
    ]);
  });

  it("is found by its path and parameters, and by a URL", async () => {
    const { cache } = heldCache();
    const teams = new H3().get(
      "/users/:id",
      cacheRoute(cache, { ttl: 60 }, (event) => event.context.params?.["id"]),
    );
    const app = new H3().mount("/teams/:team", teams);
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

  it("has the same name in every process", async () => {
    const store = memoryStore();
    let runs = 0;
    const [one, other] = [1, 2].map(() => {
      const cache = createCache({ store, reporter: false, clock: testClock() });
      return new H3().get(
        "/a",
        cacheRoute(cache, { ttl: 60 }, () => `run ${++runs}`),
      );
    }) as [H3, H3];

    const texts = [(await ask(one, "/a")).text, (await ask(other, "/a")).text];

    expect(texts).toEqual(["run 1", "run 1"]);
  });

  it("may have the name that the options give, and a second one throws", async () => {
    const messages: string[] = [];
    const cached = cacheRoute(heldCache().cache, { ttl: 60, route: "reports" }, () => "a");
    const app = new H3({ silent: true, onError: ({ message }) => void messages.push(message) });
    app.get("/a", cached).get("/b", cached);

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

  it("behind a middleware of the same cache lets the request pass", async () => {
    const { cache } = heldCache();
    const app = new H3().use("/a/**", cacheMiddleware(cache, { ttl: 60 }));
    app.get(
      "/a/b",
      cacheRoute(cache, { ttl: 5 }, () => "a"),
    );

    const answers = [await ask(app, "/a/b"), await ask(app, "/a/b")];

    expect(answers.map(({ cache: outcome }) => outcome)).toEqual(["MISS", "HIT"]);
    expect(cache.stats().stored).toBe(1);
  });

  it("in an application that is mounted by its fetch, behind the same cache, is answered, too", async () => {
    const { cache } = heldCache();
    const inner = new H3().get(
      "/b",
      cacheRoute(cache, { ttl: 60 }, () => "b"),
    );
    const app = new H3().use("/a/**", cacheMiddleware(cache, { ttl: 60 })).mount("/a", inner.fetch);

    const answers = [await ask(app, "/a/b"), await ask(app, "/a/b")];

    expect(answers.map(({ cache: outcome, text }) => [outcome, text])).toEqual([
      ["MISS", "b"],
      ["HIT", "b"],
    ]);
  });

  it("behind withBase is cached as any other", async () => {
    const inner = new H3().get(
      "/b",
      cacheRoute(heldCache().cache, { ttl: 60, query: ["x"] }, (event) => event.url.search),
    );
    const app = new H3().all("/a/**", withBase("/a", inner));

    const answers = [await ask(app, "/a/b?x=1&y=2"), await ask(app, "/a/b?y=3&x=1")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "?x=1"],
      ["HIT", "?x=1"],
    ]);
  });

  it("caches what middleware responds, where no route is behind it", async () => {
    const app = new H3().use("/a/**", cacheMiddleware(heldCache().cache, { ttl: 60 }));
    app.use("/a/b", () => "b");

    const answers = [await ask(app, "/a/b"), await ask(app, "/a/b")];

    expect(answers.map(({ cache, text }) => [cache, text])).toEqual([
      ["MISS", "b"],
      ["HIT", "b"],
    ]);
  });
});

describe("middleware in the definition of an h3 handler", () => {
  it("runs in front of the lookup, on a hit, too: it may be a guard", async () => {
    const { cache } = heldCache();
    const guarded: (string | null)[] = [];
    const app = new H3().get(
      "/",
      cacheRoute(
        cache,
        { ttl: 60, credentials: [] },
        Object.assign(() => "never", {
          middleware: [
            (event: { req: Request }) => {
              guarded.push(event.req.headers.get("x-key"));
              return event.req.headers.has("x-key") ? undefined : new Response("no key", { status: 401 });
            },
          ],
          handler: () => "secret",
        }),
      ),
    );

    const asked = [{ "x-key": "1" }, { "x-key": "1" }, undefined];
    const answers: unknown[] = [];
    for (const headers of asked) {
      const { cache: outcome, text } = await ask(app, "/", { ...(headers && { headers }) });
      answers.push([outcome, text]);
    }

    expect(answers).toEqual([
      ["MISS", "secret"],
      ["HIT", "secret"],
      [null, "no key"],
    ]);
    expect(guarded).toEqual(["1", "1", null]);
  });
});
