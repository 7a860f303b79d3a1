import { Router } from "@koa/router";
import type { Middleware } from "koa";
import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/koa.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache, Which } from "../../../src/index.ts";
import type { Client } from "../express/client.ts";
import { quietApp, quietCache, visit } from "./support.ts";

const handler: Middleware = (ctx) => void (ctx.body = ctx["params"] as object);

async function site(cache: Cache): Promise<Client> {
  const app = quietApp();
  const users = new Router({ prefix: "/users" });
  users.get("/", cacheRoute(cache, { ttl: 60 }), handler);
  users.get("/:id", cacheRoute(cache, { ttl: 60 }), handler);
  const teams = new Router({ prefix: "/teams/:team" });
  teams.use(users.routes());
  const plain = new Router();
  plain.get("/files/*path", cacheRoute(cache, { ttl: 60 }), handler);
  plain.get(["/either/:id", "/or/:id"], cacheRoute(cache, { ttl: 60 }), handler);
  for (const router of [users, teams, plain]) app.use(router.routes() as unknown as Middleware);
  return visit(app);
}

/** What a path is served as before and after an invalidation. */
async function around(path: string, which: Which): Promise<readonly (string | undefined)[]> {
  const cache = quietCache();
  const client = await site(cache);
  const ask = async (): Promise<string | undefined> => (await client.ask({ path })).header("x-cache");
  await ask();
  const before = await ask();
  await cache.invalidate(which);
  return [before, await ask()];
}

describe("a route of @koa/router is invalidated", () => {
  it.each<[string, Which]>([
    ["/users", { route: "/users" }],
    ["/users/7", { route: "/users/:id" }],
    ["/users/7", { route: "/users/:id", params: { id: 7 } }],
    ["/users/7", { route: "GET /users/:id", params: { id: 7 } }],
    ["/users/a%2Fb", { route: "/users/:id", params: { id: "a/b" } }],
    ["/users/7?page=2", { url: "/users/7" }],
    ["/teams/a/users/7", { route: "/teams/:team/users/:id", params: { team: "a", id: 7 } }],
    ["/files/a/b", { route: "/files/*path", params: { path: "a/b" } }],
    ["/or/7", { route: "/or/:id", params: { id: 7 } }],
  ])("%s by %j", async (path, which) => {
    expect(await around(path, which)).toEqual(["HIT", "MISS"]);
  });

  it.each<[string, Which]>([
    ["/users/7", { route: "/users/:id", params: { id: 8 } }],
    ["/users/7", { route: "/users" }],
    ["/teams/a/users/7", { route: "/users/:id", params: { id: 7 } }],
    ["/or/7", { route: "/either/:id" }],
  ])("but not %s by %j", async (path, which) => {
    expect(await around(path, which)).toEqual(["HIT", "HIT"]);
  });
});

describe("a route's name in messages", () => {
  /** The names of the routes that report a refusal, in order. */
  async function namesOf(
    paths: readonly string[],
    declare: (router: Router, app: ReturnType<typeof quietApp>, cache: Cache) => void,
  ): Promise<readonly string[]> {
    const names: string[] = [];
    const cache = createCache({ reporter: ({ route }) => names.push(route) });
    const [app, router] = [quietApp(), new Router({ prefix: "/api" })];
    declare(router, app, cache);
    const client = await visit(app.use(router.routes() as unknown as Middleware));
    for (const path of paths) await client.ask({ path });
    return names;
  }
  const refused: Middleware = async (ctx) => {
    ctx.set("cache-control", "no-store");
    ctx.body = "page";
  };

  it("is its method and path, with the prefix of its router", async () => {
    const names = await namesOf(["/api/r/1"], (router, _app, cache) => {
      router.get("/r/:id", cacheRoute(cache, { ttl: 60 }), refused);
    });

    expect(names).toEqual(["GET /api/r/:id"]);
  });

  it("is that of the middleware outside of routes", async () => {
    const names = await namesOf(["/any"], (_router, app, cache) => {
      app.use(cacheRoute(cache, { ttl: 60 })).use(refused);
    });

    expect(names).toEqual(["cacheRoute()"]);
  });

  it("counts the routes on one URL", async () => {
    const passing: Middleware = async (ctx, next) => (ctx.get("x-none") === "" ? next() : refused(ctx, next));
    const names = await namesOf(["/api/a"], (router, _app, cache) => {
      router.get("/a", cacheRoute(cache, { ttl: 60, enabled: false }), passing);
      router.get("/a", cacheRoute(cache, { ttl: 60 }), refused);
    });

    expect(names).toEqual(["GET /api/a (2)"]);
  });
});

describe("one middleware in two places", () => {
  it("is two routes: neither is served what the other has stored", async () => {
    const [app, first, second] = [quietApp(), new Router(), new Router()];
    const cached = cacheRoute(quietCache(), { ttl: 60 });
    first.get("/a", cached, (ctx) => void (ctx.body = "first"));
    second.get("/a", cached, (ctx) => void (ctx.body = "second"));
    const ofFirst = first.routes() as unknown as Middleware;
    app.use((ctx, next) => (ctx.get("x-first") === "" ? next() : ofFirst(ctx, next)));
    const client = await visit(app.use(second.routes() as unknown as Middleware));

    const answers = [
      await client.ask({ path: "/a" }),
      await client.ask({ path: "/a", headers: { "x-first": "1" } }),
      await client.ask({ path: "/a" }),
    ];

    expect(answers.map(({ text }) => text)).toEqual(["second", "first", "second"]);
  });

  it("on one request's way counts once", async () => {
    const [app, router, cache] = [quietApp(), new Router(), quietCache()];
    const cached = cacheRoute(cache, { ttl: 60 });
    router.get("/a", cached, (ctx) => void (ctx.body = "a"));
    const client = await visit(app.use(cached).use(router.routes() as unknown as Middleware));

    const answers = [await client.ask({ path: "/a" }), await client.ask({ path: "/a" })];

    expect(answers.map(({ header }) => header("x-cache"))).toEqual(["MISS", "HIT"]);
    expect(cache.stats().stored).toBe(1);
  });
});

describe("wrong declarations", () => {
  it("are refused where they are written", () => {
    const cache = quietCache();

    expect(() => cacheRoute(cache, (() => undefined) as never)).toThrow("the handler is no argument of it");
    expect(() => cacheRoute(cache, { before: [] } as never)).toThrow('"before" is not for Koa');
    expect(() => cacheRoute(cache, { tll: 60 } as never)).toThrow('"ttl"');
    expect(() => cacheRoute({} as never)).toThrow("ERR_CACHE_NOT_A_CACHE");
  });
});
