import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { Router } from "@koa/router";
import Koa from "koa";
import type { Context, Middleware } from "koa";
import Koa2 from "koa2";
import compress from "koa-compress";
import { cacheRoute, cacheTags, invalidates } from "../../../src/adapters/koa.ts";
import type { CacheRouteOptions } from "../../../src/adapters/koa.ts";
import type { Cache } from "../../../src/index.ts";
import type {
  AdapterHarness,
  ContractRequest,
  ContractResponse,
  ContractRoute,
  ContractServer,
} from "../../../src/testing/index.ts";
import { listening } from "./listening.ts";
import { DECLINED_OVER_HTTP2 } from "./queue.ts";
import { listenFor, log } from "./ways.ts";

/** Serves the contract's neutral routes with Koa 3, over a real socket. */
export const koaHarness: AdapterHarness = {
  name: "koa",
  start: (cache, routes) => listen(appOf(Koa, cache, routes)),
};

/** The same with Koa 2. */
export const koa2Harness: AdapterHarness = {
  name: "koa 2",
  start: (cache, routes) => listen(appOf(Koa2, cache, routes)),
};

/** The same over HTTP/2. */
export const koaHttp2Harness: AdapterHarness = {
  name: "koa over HTTP/2",
  protocol: "h2c",
  declined: DECLINED_OVER_HTTP2,
  start: (cache, routes) => listenToHttp2(appOf(Koa, cache, routes)),
};

function appOf(App: typeof Koa, cache: Cache, routes: readonly ContractRoute[]): Koa {
  const app = new App();
  // It would write each error to the console.
  app.silent = true;
  app.use(parseJson);
  for (const route of routes) declare(app, cache, route);
  return app;
}

/** Listens on a free port of 127.0.0.1. */
export function listen(app: Koa): Promise<ContractServer> {
  return listening(createServer(app.callback()));
}

function listenToHttp2(app: Koa): Promise<ContractServer> {
  const server = createHttp2Server(app.callback() as unknown as Parameters<typeof createHttp2Server>[1]);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  return listening(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** As body parsers do. */
const parseJson: Middleware = async (ctx, next) => {
  if (ctx.is("json") === "json") {
    const parts: Buffer[] = [];
    for await (const part of ctx.req) parts.push(part as Buffer);
    Object.assign(ctx.request, { body: JSON.parse(Buffer.concat(parts).toString()) as unknown });
  }
  await next();
};

function declare(app: Koa, cache: Cache, route: ContractRoute): void {
  const { guard, options } = route;
  const requireKey: Middleware = async (ctx, next) => {
    guard?.onRun?.();
    if (ctx.get("x-key") === "") {
      ctx.status = 401;
      ctx.body = "a key is needed";
    } else await next();
  };
  const router = new Router();
  router.register(route.path, route.method === "GET" ? ["get"] : [route.method], [
    inFront(route),
    ...(route.compresses === true ? [compress({ threshold: 0 })] : []),
    ...(guard === undefined ? [] : [requireKey]),
    ...(options === undefined ? [] : [cacheRoute(route.cache ?? cache, options as CacheRouteOptions)]),
    ...(route.invalidates === undefined
      ? []
      : [invalidates(route.cache ?? cache, { tags: route.invalidates })]),
    (ctx: Context) => run(route, ctx),
  ] as Parameters<typeof router.register>[2]);
  const routes = router.routes() as unknown as Middleware;
  const { only } = route;
  // A route that is for some requests alone leaves the others to the next.
  app.use(
    only === undefined ? routes : (ctx, next) => (ctx.get("x-only") === only ? routes(ctx, next) : next()),
  );
}

/** What stands before the cache: a logger, fields of its own, and a session. */
function inFront({ earlier, lateCookies, ...route }: ContractRoute): Middleware {
  return async (ctx, next) => {
    log(ctx.req, ctx.res);
    if (route.log !== undefined) ctx.res.once("finish", () => route.log?.(ctx.originalUrl));
    // As guards leave it: Koa keeps what it parsed.
    JSON.stringify([ctx.query, ctx.URL]);
    for (const [name, value] of Object.entries(earlier?.() ?? {})) ctx.set(name, copied(value));
    await next();
    // As sessions do.
    for (const line of lateCookies?.() ?? []) ctx.append("set-cookie", line);
  };
}

async function run(route: ContractRoute, ctx: Context): Promise<void> {
  const answer: ContractResponse = await route.handler(seen(ctx));
  const { status = 200, headers = {}, removes = [], adds = {}, tags = [], body } = answer;
  ctx.status = status;
  for (const tag of tags) cacheTags(ctx, [tag]);
  for (const name of removes) ctx.remove(name);
  for (const [name, line] of Object.entries(adds)) ctx.append(name, line);
  for (const [name, value] of Object.entries(headers)) say(ctx, name, value);
  if (body === undefined) return;
  if (body instanceof Uint8Array) ctx.body = Buffer.from(body);
  else if (typeof body === "object" && Symbol.asyncIterator in body) ctx.body = Readable.from(body);
  else ctx.body = body;
}

/** As a handler does that heeds the middleware before it. */
function say(ctx: Context, name: string, value: string | readonly string[]): void {
  if (name === "vary") ctx.vary(copied(value));
  else if (name === "set-cookie") ctx.append(name, copied(value));
  else ctx.set(name, copied(value));
}

function copied(value: string | readonly string[]): string | string[] {
  return typeof value === "string" ? value : [...value];
}

/** What Koa, and the parser that it and its middleware share, call the URL besides. */
function urlsOf({ req, request, originalUrl }: Context): readonly string[] {
  const { _parsedUrl, _parsedOriginalUrl } = req as unknown as Record<string, unknown>;
  const { _querycache } = request as unknown as Record<string, unknown>;
  return [
    String(req.url),
    originalUrl,
    request.originalUrl,
    request.url,
    request.querystring,
    request.search,
    request.href,
    request.URL.href,
    JSON.stringify([_parsedUrl, _parsedOriginalUrl, _querycache, req.headers, request.query]),
  ];
}

/** What the handler sees while it runs: middleware in front is shown the whole request again once it is done. */
function seen(ctx: Context): ContractRequest {
  const { req, res, method, url, query } = ctx;
  const headers = { ...req.headers };
  const gone = new AbortController();
  res.once("close", () => res.writableFinished || gone.abort());
  // Over HTTP/2 the response is not closed before it is sent.
  req.once("aborted", () => gone.abort());
  return {
    method,
    url,
    alsoUrls: urlsOf(ctx),
    query: (name) => [query[name] ?? []].flat(),
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    signal: gone.signal,
    notices: listenFor(req, res, undefined),
  };
}
