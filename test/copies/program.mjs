// Loads every entry of two copies of the package, each as ES module and as CommonJS, into one process, mixes them in
// applications, and prints what came of it.
//   node --no-experimental-require-module program.mjs <folder with a project for each copy>
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import express from "express";
import fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { Router } from "@koa/router";

const [, , place] = process.argv;
// Nest 11, which has CommonJS.
const requireNest = createRequire(join(place, "load.cjs"));
const { Controller, Get, Module } = requireNest("@nestjs/common");
const { NestFactory } = requireNest("@nestjs/core");
const entries = [
  "",
  "/adapter",
  "/testing",
  "/fastify",
  "/express",
  "/fetch",
  "/hono",
  "/koa",
  "/h3",
  "/nestjs",
];

/** By name: a function that loads an entry. */
const loaders = {};
for (const copy of ["one", "other"]) {
  const require = createRequire(join(place, copy, "load.cjs"));
  const { load } = await import(pathToFileURL(join(place, copy, "load.mjs")).href);
  loaders[`${copy}, ES module`] = load;
  // h3 is an ES module, which this Node is told not to require.
  loaders[`${copy}, CommonJS`] = async (name) => (name.endsWith("/h3") ? load(name) : require(name));
}

const instances = [];
for (const [name, load] of Object.entries(loaders)) {
  const loaded = await Promise.all(entries.map((entry) => load(`caching-route${entry}`)));
  const [index, adapter, testing, forFastify, forExpress, forFetch, forHono, forKoa, forH3, forNest] = loaded;
  const names = loaded.map((module) =>
    Object.keys(module).filter((key) => !["default", "module.exports", "__esModule"].includes(key)),
  );
  instances.push({
    name,
    names,
    index,
    adapter,
    testing,
    forFastify,
    forExpress,
    forFetch,
    forHono,
    forKoa,
    forH3,
    forNest,
  });
}

/** Each with the one after it, and with itself. */
const pairs = instances.flatMap((first, at) =>
  [first, ...instances.slice(at + 1), ...instances.slice(0, at)].map((second) => [first, second]),
);

const results = [];
/** Notes what a check returns, or what it throws. */
async function check(what, [first, second], run) {
  const outcome = await run(first, second).catch((error) => String(error));
  results.push({ what, first: first.name, second: second.name, outcome });
}

const quiet = { reporter: false };
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(isSo) {
  for (let tries = 0; tries < 1000 && !isSo(); tries++) await later(5);
  return isSo();
}

async function textOf(response) {
  return `${response.status} ${response.headers.get("x-cache")} ${await response.text()}`;
}

/** Asks a server with `get`, and closes it. */
async function asked(server, use) {
  const { port } = server.address();
  const get = async (path, headers = {}) => {
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal });
    return `${await textOf(response)}${response.headers.has("vary") ? `, vary: ${response.headers.get("vary")}` : ""}`;
  };
  try {
    return await use(get, port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function onServerOf(app, use) {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return asked(server, use);
}

async function startedFastify(app, use) {
  await app.listen({ port: 0, host: "127.0.0.1" });
  return asked(app.server, use);
}

/** A handler that counts its runs and takes a while. */
function counted(text = "run") {
  let runs = 0;
  const handler = async () => {
    const run = ++runs;
    await later(20);
    return `${text} ${run}`;
  };
  return { handler, count: () => runs };
}

async function missThenHit(get) {
  const crowd = await Promise.all([1, 2, 3].map(() => get("/b")));
  return [await get("/a"), await get("/a"), ...new Set(crowd.map((answer) => answer.split(" run ")[1]))];
}

async function onFastify(first, second) {
  const cache = first.index.createCache(quiet);
  const app = fastify();
  await app.register(second.forFastify.cacheRoute, { cache });
  const [a, b] = [counted(), counted()];
  app.get("/a", { cache: { ttl: 60 } }, a.handler);
  app.get("/b", { cache: { ttl: 60 } }, b.handler);
  return startedFastify(app, missThenHit);
}

/** An inner plugin of another copy takes over; routes of one URL are told apart by what was recorded of them. */
async function nestedOnFastify(first, second) {
  const [outer, inner] = [first.index.createCache(quiet), second.index.createCache(quiet)];
  const app = fastify();
  await app.register(first.forFastify.cacheRoute, { cache: outer });
  await app.register(async (within) => {
    await within.register(second.forFastify.cacheRoute, { cache: inner });
    const { handler } = counted();
    within.get("/a", { cache: { ttl: 60 }, constraints: { version: "1.0.0" } }, handler);
  });
  return startedFastify(app, async (get) => {
    const version = { "accept-version": "1.0.0" };
    const answers = [await get("/a", version), await get("/a", version)];
    return [...answers, ...[outer, inner].map((cache) => cache.stats().outcomes.miss)];
  });
}

async function onExpress(first, second) {
  const cache = first.index.createCache(quiet);
  const app = express();
  const [a, b] = [counted(), counted()];
  const { cacheRoute } = second.forExpress;
  // A second lookup under the same key would wait for the first.
  const options = { ttl: 60, key: () => "a" };
  const outer = first.forExpress.cacheRoute(cache, options);
  app.get("/a", outer, cacheRoute(cache, options), async (_, res) => res.send(await a.handler()));
  app.get("/b", cacheRoute(cache, { ttl: 60 }), async (_, res) => res.send(await b.handler()));
  return onServerOf(app, missThenHit);
}

/** Two caches, one of each copy, and a clock that both have. */
function twoCaches(first, second) {
  let now = Date.now();
  const clock = {
    now: () => now,
    schedule(callback, ms) {
      const timer = setTimeout(() => callback(), ms);
      return () => clearTimeout(timer);
    },
  };
  const [front, back] = [first, second].map(({ index }) => index.createCache({ ...quiet, clock }));
  return { front, back, pass: (ms) => (now += ms) };
}

const IN_FRONT = { ttl: 600, vary: ["x-try"] };
const STALE_SOON = { ttl: 60, staleWhileRevalidate: 60 };

/** Asks past the front cache each time, and lets the one at the back refresh. */
async function refreshed(get, { back, pass }, count) {
  const miss = await get("/a", { "x-try": "1" });
  pass(61_000);
  const stale = await get("/a", { "x-try": "2" });
  const isRefreshed = await until(() => back.stats().stored === 2);
  return [miss, stale, isRefreshed, await get("/a", { "x-try": "3" }), count()];
}

/** A refresh passes the middleware of another copy in front, which leaves it alone, and does not respond itself. */
async function refreshOnExpress(first, second) {
  const caches = twoCaches(first, second);
  const app = express();
  const { handler, count } = counted();
  app.get(
    "/a",
    first.forExpress.cacheRoute(caches.front, IN_FRONT),
    second.forExpress.cacheRoute(caches.back, STALE_SOON),
    async (_, res) => res.send(await handler()),
  );
  return onServerOf(app, (get) => refreshed(get, caches, count));
}

/** An application of Koa with middleware at `/a` and `/b`; the last of each is a handler that returns a body. */
function koaApp(routes) {
  const app = new Koa();
  app.silent = true;
  const router = new Router();
  for (const [path, middleware] of Object.entries(routes)) {
    const front = middleware.slice(0, -1);
    const handler = middleware.at(-1);
    router.get(path, ...front, async (ctx) => (ctx.body = await handler(ctx)));
  }
  return app.use(router.routes());
}

async function onKoa(first, second) {
  const cache = first.index.createCache(quiet);
  const [a, b] = [counted(), counted()];
  // A second lookup under the same key would wait for the first.
  const options = { ttl: 60, key: () => "a" };
  const app = koaApp({
    "/a": [first.forKoa.cacheRoute(cache, options), second.forKoa.cacheRoute(cache, options), a.handler],
    "/b": [second.forKoa.cacheRoute(cache, { ttl: 60 }), b.handler],
  });
  return onServerOf(app, missThenHit);
}

async function refreshOnKoa(first, second) {
  const caches = twoCaches(first, second);
  const { handler, count } = counted();
  const front = first.forKoa.cacheRoute(caches.front, IN_FRONT);
  const app = koaApp({ "/a": [front, second.forKoa.cacheRoute(caches.back, STALE_SOON), handler] });
  return onServerOf(app, (get) => refreshed(get, caches, count));
}

/** Asks an application of Hono or h3, which needs no server. */
function asksInProcess(app) {
  return async (path, headers = {}) => {
    const response = await app.request(path, { headers });
    return `${await textOf(response)}${response.headers.has("vary") ? `, vary: ${response.headers.get("vary")}` : ""}`;
  };
}

/** Decorates a method of a controller, from the last decorator to the first. */
function method(controller, name, handler, ...decorators) {
  const descriptor = { value: handler, configurable: true, writable: true };
  for (const decorate of decorators.toReversed()) decorate(controller.prototype, name, descriptor);
  Object.defineProperty(controller.prototype, name, descriptor);
}

/** Starts an application of Nest: the decorators are of one copy, the module of another. */
async function onNest(platform, first, second) {
  const cache = first.index.createCache(quiet);
  class AnyController {}
  for (const name of ["a", "b"]) {
    const { handler } = counted();
    method(AnyController, name, () => handler(), Get(name), first.forNest.CacheRoute({ ttl: 60 }));
  }
  Controller()(AnyController);
  class AppModule {}
  const caching = second.forNest.CachingRouteModule.forRoot({ cache });
  Module({ imports: [caching], controllers: [AnyController] })(AppModule);
  const { [`${platform}Adapter`]: Adapter } = requireNest(`@nestjs/platform-${platform.toLowerCase()}`);
  const app = await NestFactory.create(AppModule, new Adapter(), { logger: false });
  await app.listen(0, "127.0.0.1");
  return asked(app.getHttpServer(), missThenHit);
}

async function onHono(first, second) {
  const cache = first.index.createCache(quiet);
  const app = new Hono();
  const [a, b] = [counted(), counted()];
  const { cacheRoute } = second.forHono;
  const options = { ttl: 60, key: () => "a" };
  const outer = first.forHono.cacheRoute(cache, options);
  app.get("/a", outer, cacheRoute(cache, options), async (c) => c.text(await a.handler()));
  app.get("/b", cacheRoute(cache, { ttl: 60 }), async (c) => c.text(await b.handler()));
  return missThenHit(asksInProcess(app));
}

async function refreshOnHono(first, second) {
  const caches = twoCaches(first, second);
  const app = new Hono();
  const { handler, count } = counted();
  app.get(
    "/a",
    first.forHono.cacheRoute(caches.front, IN_FRONT),
    second.forHono.cacheRoute(caches.back, STALE_SOON),
    async (c) => c.text(await handler()),
  );
  return refreshed(asksInProcess(app), caches, count);
}

async function onH3(first, second) {
  const cache = first.index.createCache(quiet);
  const app = new H3();
  const [a, b] = [counted(), counted()];
  const options = { ttl: 60, key: () => "a" };
  app.use("/a", first.forH3.cacheMiddleware(cache, options));
  app.get("/a", second.forH3.cacheRoute(cache, options, a.handler));
  app.get("/b", second.forH3.cacheRoute(cache, { ttl: 60 }, b.handler));
  return missThenHit(asksInProcess(app));
}

async function refreshOnH3(first, second) {
  const caches = twoCaches(first, second);
  const { handler, count } = counted();
  const app = new H3().use(first.forH3.cacheMiddleware(caches.front, IN_FRONT));
  app.get("/a", second.forH3.cacheRoute(caches.back, STALE_SOON, handler));
  return refreshed(asksInProcess(app), caches, count);
}

/** The client leaves, and another one waits: the handler goes on, and does not notice. */
async function left(first, second, appOf) {
  const caches = [first, second].map(({ index }) => index.createCache(quiet));
  let isRunning = false;
  let resume;
  const hasLeft = new Promise((resolve) => (resume = resolve));
  const app = appOf(caches, async ({ req }) => {
    isRunning = true;
    await hasLeft;
    return `destroyed: ${req.socket.destroyed}`;
  });
  return onServerOf(app, async (get, port) => {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.write("GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await until(() => isRunning);
    const waiting = get("/a");
    await later(50);
    socket.destroy();
    await later(50);
    resume();
    return [await waiting, caches.map((cache) => cache.stats().stored)];
  });
}

function leftOnExpress(first, second) {
  return left(first, second, ([outer, inner], handler) =>
    express().get(
      "/a",
      first.forExpress.cacheRoute(outer, { ttl: 60 }),
      second.forExpress.cacheRoute(inner, { ttl: 60 }),
      async (req, res) => res.send(await handler({ req })),
    ),
  );
}

function leftOnKoa(first, second) {
  return left(first, second, ([outer, inner], handler) => {
    const front = first.forKoa.cacheRoute(outer, { ttl: 60 });
    return koaApp({ "/a": [front, second.forKoa.cacheRoute(inner, { ttl: 60 }), handler] });
  });
}

/** An error page of a router whose layers another copy watches is not stored. */
async function failedOnExpress(first, second) {
  const cache = first.index.createCache(quiet);
  const app = express();
  let runs = 0;
  app.get("/a", second.forExpress.cacheRoute(cache, { ttl: 60 }), () => {
    throw new Error(`run ${++runs}`);
  });
  app.use((error, _req, res, _next) => void res.status(200).send(error.message));
  return onServerOf(app, async (get) => [await get("/a"), await get("/a")]);
}

async function onFetch(first, second) {
  const { handler } = counted();
  const cache = first.index.createCache(quiet);
  const cached = second.forFetch.cacheRoute(cache, { ttl: 60 }, async () => new Response(await handler()));
  const get = async () => textOf(await cached(new Request("http://example.org/a")));
  return [await get(), await get()];
}

async function errors(first, second) {
  const thrown = [];
  for (const wrong of [{ storeTimeout: -1 }, { nothing: 1 }]) {
    try {
      first.index.createCache(wrong);
    } catch (error) {
      class Own extends second.index.CacheError {}
      thrown.push(error instanceof second.index.CacheError, error instanceof Own);
    }
  }
  return thrown;
}

for (const pair of pairs) {
  await check("fastify", pair, onFastify);
  await check("fastify, nested", pair, nestedOnFastify);
  await check("express", pair, onExpress);
  await check("express, refreshed", pair, refreshOnExpress);
  await check("express, left", pair, leftOnExpress);
  await check("express, failed", pair, failedOnExpress);
  await check("koa", pair, onKoa);
  await check("koa, refreshed", pair, refreshOnKoa);
  await check("koa, left", pair, leftOnKoa);
  await check("nest", pair, (...both) => onNest("Express", ...both));
  await check("nest on fastify", pair, (...both) => onNest("Fastify", ...both));
  await check("hono", pair, onHono);
  await check("hono, refreshed", pair, refreshOnHono);
  await check("h3", pair, onH3);
  await check("h3, refreshed", pair, refreshOnH3);
  await check("fetch", pair, onFetch);
  await check("errors", pair, errors);
}
const loaded = instances.map(({ name, names }) => ({ name, names }));
const distinct = new Set(instances.map(({ index }) => index.createCache)).size;
process.stdout.write(JSON.stringify({ loaded, distinct, results }));
process.exit();
