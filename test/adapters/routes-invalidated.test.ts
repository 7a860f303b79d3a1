import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as onExpress } from "../../src/adapters/express.ts";
import { cacheRoute as onFastify } from "../../src/adapters/fastify.ts";
import { cacheMiddleware as beforeH3, cacheRoute as onH3 } from "../../src/adapters/h3.ts";
import { cacheRoute as onHono } from "../../src/adapters/hono.ts";
import { createCache } from "../../src/index.ts";
import type { Cache, Which } from "../../src/index.ts";
import { listen as listenBySrvx } from "./harness/h3.ts";
import { listen as listenByHono } from "./harness/hono.ts";

const newCache = (): Cache => createCache({ reporter: false });

/** Returns what a path is served as before and after an invalidation. */
async function around(
  origin: string,
  path: string,
  invalidate: () => Promise<unknown>,
): Promise<readonly string[]> {
  const ask = async (): Promise<string> => {
    const response = await fetch(origin + path);
    return `${response.status} ${response.headers.get("x-cache")}`;
  };
  await ask();
  const before = await ask();
  await invalidate();
  return [before, await ask()];
}

const GONE = ["200 HIT", "200 MISS"];

async function expressSite(cache: Cache, make: typeof express, isOld: boolean): Promise<string> {
  const cached = (): express.RequestHandler => onExpress(cache, { ttl: 60 });
  const handler: express.RequestHandler = (req, res) => void res.json(req.params);
  const app = make();
  const api = make.Router();
  api.get("/list", cached(), handler);
  api.get("/users/:id", cached(), handler);
  app.use(["/api", "/v1.0/"], api);
  const merged = make.Router({ mergeParams: true });
  merged.get("/", cached(), handler);
  merged.get("/users/:id", cached(), handler);
  app.use("/merged/:team", merged);
  const apart = make.Router();
  apart.get("/list", cached(), handler);
  apart.get("/users/:id", cached(), handler);
  app.use("/teams/:team", apart);
  app.get(["/either/:id", "/or/:id"], cached(), handler);
  app.get(isOld ? "/files/*" : "/files/*path", cached(), handler);
  app.get(isOld ? "/maybe/:id?" : "/maybe{/:id}", cached(), handler);
  app.use("/used/:id", cached(), handler);
  const inner = make();
  inner.get("/items/:id", cached(), handler);
  app.use("/inner/:shop", inner);
  const server = createServer(app).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.each([
  ["Express 5", express, false],
  ["Express 4", express4, true],
])("a route of %s is invalidated", (_name, make, isOld) => {
  const files = isOld ? "/files/*" : "/files/*path";
  const maybe = isOld ? "/maybe/:id?" : "/maybe{/:id}";
  const rest = isOld ? "*" : "path";

  it.each<[string, Which]>([
    ["/API/list/", { route: "/api/list" }],
    ["/api/users/7", { route: "/api/users/:id" }],
    ["/API/users/7/", { route: "GET /api/users/:id", params: { id: 7 } }],
    ["/V1.0/users/7", { route: "/v1.0/users/:id", params: { id: 7 } }],
    ["/merged/a", { route: "/merged/:team" }],
    ["/Merged/a/", { route: "/merged/:team", params: { team: "a" } }],
    ["/Merged/a/users/7/", { route: "/merged/:team/users/:id", params: { team: "a", id: 7 } }],
    ["/Teams/a/users/7/", { route: "/teams/:team/users/:id", params: { team: "a", id: 7 } }],
    ["/Teams/b%2Fc/list/", { route: "/teams/:team/list", params: { team: "b/c" } }],
    ["/teams/a/list", { route: "/teams/:team/list" }],
    ["/either/7", { route: "/either/:id" }],
    ["/or/7", { route: "/or/:id" }],
    ["/OR/7/", { route: "/or/:id", params: { id: 7 } }],
    ["/Files/a%2Fb", { route: files, params: { [rest]: "a/b" } }],
    ["/maybe", { route: maybe, params: {} }],
    ["/Maybe/", { route: maybe, params: {} }],
    ["/Maybe/7/", { route: maybe, params: { id: 7 } }],
    ["/Used/7/more", { route: "/used/:id", params: { id: 7 } }],
    ["/used/7", { route: "/used/:id" }],
    ["/Inner/a/items/7/", { route: "/inner/:shop/items/:id", params: { shop: "a", id: 7 } }],
  ])("%s by %j", async (path, which) => {
    const cache = newCache();
    const origin = await expressSite(cache, make, isOld);

    expect(await around(origin, path, () => cache.invalidate(which))).toEqual(GONE);
  });

  it.each<[string, Which]>([
    ["/teams/a/users/7", { route: "/teams/:team/users/:id", params: { team: "b", id: 7 } }],
    ["/teams/a/users/7", { route: "/teams/:team/list" }],
    ["/api/users/7", { route: "/api/users/:id", params: { id: 8 } }],
    ["/or/7", { route: "/or/:id", params: { id: 8 } }],
    ["/maybe/7", { route: maybe, params: {} }],
    ["/used/7", { route: "/" }],
  ])("but not %s by %j", async (path, which) => {
    const cache = newCache();
    const origin = await expressSite(cache, make, isOld);

    expect(await around(origin, path, () => cache.invalidate(which))).toEqual(["200 HIT", "200 HIT"]);
  });
});

describe("a route of Fastify is invalidated", () => {
  async function site(cache: Cache): Promise<string> {
    const app = Fastify({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } });
    await app.register(onFastify, { cache });
    const cached = { cache: { ttl: 60 } };
    const handler = async (): Promise<string> => "text";
    app.get("/my users/:id", cached, handler);
    app.get("/maybe/:id?", cached, handler);
    app.get("/at/::name/:id", cached, handler);
    app.get("/plain/:id", cached, handler);
    await app.register(async (inner) => void inner.get("/", cached, handler), { prefix: "/teams/:team" });
    onTestFinished(() => app.close());
    return app.listen({ port: 0, host: "127.0.0.1" });
  }

  it.each<[string, Which]>([
    ["/MY%20users/7", { route: "/my users/:id" }],
    ["/MY%20users/7", { route: "/my users/:id", params: { id: 7 } }],
    ["/MY%20users/7", { route: "GET /my users/:id", params: { id: 7 } }],
    ["/maybe", { route: "/maybe/:id?", params: {} }],
    ["/Maybe/", { route: "/maybe/:id?", params: { id: "" } }],
    ["/AT/:name/7", { route: "/at/::name/:id", params: { id: 7 } }],
    ["/Teams/a", { route: "/teams/:team/" }],
    ["/Teams/a/", { route: "/teams/:team", params: { team: "a" } }],
    ["/Teams/a", { route: "/teams/:team/", params: { team: "a" } }],
    ["/Plain/%EF%BF%BD", { route: "/plain/:id", params: { id: "\uD800" } }],
  ])("%s by %j", async (path, which) => {
    const cache = newCache();
    const origin = await site(cache);

    expect(await around(origin, path, () => cache.invalidate(which))).toEqual(GONE);
  });
});

async function honoSite(cache: Cache): Promise<string> {
  const cached = (): ReturnType<typeof onHono> => onHono(cache, { ttl: 60 });
  const teams = new Hono()
    .get("/", cached(), (c) => c.text("team"))
    .get("/users/:id", cached(), (c) => c.text("user"));
  const app = new Hono()
    .get("/maybe/:id?", cached(), (c) => c.text("maybe"))
    .get("/files/*", cached(), (c) => c.text("file"))
    .all("/all/:id", cached(), (c) => c.text("all"))
    .route("/teams/:team", teams);
  const { origin, close } = await listenByHono(app);
  onTestFinished(close);
  return origin;
}

async function h3Site(cache: Cache): Promise<string> {
  const text = onH3(cache, { ttl: 60 }, () => "text");
  const teams = new H3().get("/", text).get("/users/:id", text);
  const app = new H3().get("/maybe/:id?", text).get("/files/**:path", text).get("/star/*", text);
  app.all("/all/:id", text).mount("/teams/:team", teams);
  app.use("/behind/**", beforeH3(cache, { ttl: 60 })).get("/behind/:id", () => "text");
  const { origin, close } = await listenBySrvx(app);
  onTestFinished(close);
  return origin;
}

const OF_BOTH: [string, Which][] = [
  ["/maybe/7", { route: "/maybe/:id?", params: { id: 7 } }],
  ["/maybe", { route: "/maybe/:id?", params: {} }],
  ["/all/7", { route: "/all/:id" }],
  ["/all/7", { route: "/all/:id", params: { id: 7 } }],
  ["/teams/a/users/7", { route: "/teams/:team/users/:id" }],
  ["/teams/a/users/7", { route: "GET /teams/:team/users/:id", params: { team: "a", id: 7 } }],
  ["/teams/b%2Fc/users/7", { route: "/teams/:team/users/:id", params: { team: "b/c", id: 7 } }],
  ["/teams/a", { url: "/teams/a" }],
];

const BUT_NOT: [string, Which][] = [
  ["/teams/a/users/7", { route: "/teams/:team/users/:id", params: { team: "b", id: 7 } }],
  ["/teams/a/users/7", { route: "/all/:id" }],
  ["/maybe/7", { route: "/maybe/:id?", params: {} }],
];

describe.each([
  ["Hono", honoSite, [["/files/a/b", { route: "/files/*" }]]],
  [
    "h3",
    h3Site,
    [
      ["/files/a/b", { route: "/files/**:path" }],
      ["/star/a", { route: "/star/*" }],
      ["/teams/a/", { route: "/teams/:team", params: { team: "a" } }],
      ["/behind/7", { route: "/behind/:id", params: { id: 7 } }],
    ],
  ],
] as [string, (cache: Cache) => Promise<string>, [string, Which][]][])(
  "a route of %s is invalidated",
  (_name, site, own) => {
    it.each([...OF_BOTH, ...own])("%s by %j", async (path, which) => {
      const cache = newCache();
      const origin = await site(cache);

      expect(await around(origin, path, () => cache.invalidate(which))).toEqual(GONE);
    });

    it.each(BUT_NOT)("but not %s by %j", async (path, which) => {
      const cache = newCache();
      const origin = await site(cache);

      expect(await around(origin, path, () => cache.invalidate(which))).toEqual(["200 HIT", "200 HIT"]);
    });
  },
);
