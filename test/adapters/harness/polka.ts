import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import compression from "compression";
import polka from "polka";
import type { Middleware, Polka, Request } from "polka";
import { mergeVary } from "../../../src/adapter.ts";
import type { RouteOptions } from "../../../src/adapter.ts";
import type { Cache } from "../../../src/index.ts";
import type { AdapterHarness, ContractRequest, ContractRoute } from "../../../src/testing/index.ts";
import { cacheRoute, cacheTags, invalidates } from "../strangers/polka.ts";
import type { Handler } from "../strangers/polka.ts";
import { listening } from "./listening.ts";
import { listenFor, log } from "./ways.ts";

type Method = Parameters<typeof cacheRoute>[1];

/** Serves the contract's neutral routes by the adapter of the guide, over a real socket. */
export const polkaHarness: AdapterHarness = {
  name: "polka",
  start(cache, routes) {
    // Polka knows one route for a method and path.
    const apps = routes.map((route) => ({ route, app: appOf(cache, route) }));
    const server = createServer((req, res) => {
      const found = apps.find(({ route }) => matches(req, route));
      if (found !== undefined) return found.app.handler(req as Request, res);
      res.statusCode = 404;
      return res.end("no such route");
    });
    return listening(server);
  },
};

function matches(req: IncomingMessage, { method, only, path }: ContractRoute): boolean {
  const isMethod = req.method === method || (req.method === "HEAD" && method === "GET");
  const isPath = (req.url ?? "").split("?", 1)[0] === path;
  return isMethod && isPath && (only === undefined || req.headers["x-only"] === only);
}

function appOf(cache: Cache, route: ContractRoute): Polka {
  const { guard, options, path, cache: own = cache, invalidates: tags } = route;
  const method = route.method as Method;
  const app = polka({ onError: sendErrorPage });
  app.use(inFront(route));
  if (route.compresses === true) app.use(compression({ threshold: 0 }));
  app.use(parseJson);
  const requireKey: Middleware = (req, res, next) => {
    guard?.onRun?.();
    if (req.headers["x-key"] !== undefined) return next();
    res.statusCode = 401;
    res.end("a key is needed");
  };
  const plain: Handler = (req, res) => run(route, req, res);
  const handler = tags === undefined ? plain : invalidates({ cache: own, tags }, plain);
  const guards = guard === undefined ? [] : [requireKey];
  if (options === undefined) {
    const alone: Middleware = async (req, res, next) => {
      try {
        await handler(req as unknown as Request, res);
      } catch (error) {
        next(error);
      }
    };
    for (const name of method === "GET" ? (["GET", "HEAD"] as const) : [method])
      app.add(name, path, ...guards, alone);
  } else {
    const known = { cache: own, ...(options as RouteOptions<Request>) };
    cacheRoute(app, method, path, known, ...guards, handler);
  }
  return app;
}

/** Polka's own takes the code of an error for a status. */
function sendErrorPage(error: Error, _req: Request, res: ServerResponse): void {
  if (res.headersSent) return void res.destroy();
  res.statusCode = (error as { readonly status?: number }).status ?? 500;
  res.end("the error page");
}

/** What stands before the cache: a logger, fields of its own, and a session. */
function inFront({ earlier, lateCookies, ...route }: ContractRoute): Middleware {
  return (req, res, next) => {
    log(req, res);
    if (route.log !== undefined) res.once("finish", () => route.log?.(req.originalUrl));
    // As parsers leave it.
    Object.assign(req, { _parsedOriginalUrl: { href: req.originalUrl, _raw: req.originalUrl } });
    for (const [name, value] of Object.entries(earlier?.() ?? {})) res.setHeader(name, value);
    if (lateCookies !== undefined) sayLate(res, lateCookies);
    next();
  };
}

/** As sessions do, by `on-headers`. */
function sayLate(res: ServerResponse, lateCookies: NonNullable<ContractRoute["lateCookies"]>): void {
  const { writeHead } = res;
  let isSaid = false;
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    if (!isSaid) for (const line of lateCookies()) res.appendHeader("set-cookie", line);
    isSaid = true;
    return Reflect.apply(writeHead, res, args);
  }) as typeof writeHead;
}

/** As body parsers do. */
const parseJson: Middleware = (req, _res, next) => {
  if (req.headers["content-type"] !== "application/json") return next();
  const parts: Buffer[] = [];
  req.on("data", (part: Buffer) => parts.push(part));
  req.on("end", () => {
    Object.assign(req, { body: JSON.parse(Buffer.concat(parts).toString()) as unknown });
    next();
  });
};

async function run(route: ContractRoute, req: Request, res: ServerResponse): Promise<void> {
  const answer = await route.handler(seen(req, res));
  const { status = 200, headers = {}, removes = [], adds = {}, tags = [], body } = answer;
  res.statusCode = status;
  for (const tag of tags) cacheTags(res, [tag]);
  for (const name of removes) res.removeHeader(name);
  for (const [name, line] of Object.entries(adds)) res.appendHeader(name, line);
  for (const [name, value] of Object.entries(headers)) say(res, name, value);
  if (body === undefined) res.end();
  else if (typeof body === "string") send(res, "text/plain; charset=utf-8", body);
  else if (body instanceof Uint8Array) send(res, "application/octet-stream", Buffer.from(body));
  // A pipeline closes the connection if the source fails, and no error page can be sent then.
  else if (Symbol.asyncIterator in body) await pipeline(Readable.from(body), res).catch(() => undefined);
  else send(res, "application/json", JSON.stringify(body));
}

function send(res: ServerResponse, type: string, body: string | Buffer): void {
  if (!res.hasHeader("content-type")) res.setHeader("content-type", type);
  res.end(body);
}

/** As a handler does that heeds the middleware before it. */
function say(res: ServerResponse, name: string, value: string | readonly string[]): void {
  const lines = typeof value === "string" ? value : [...value];
  if (name === "vary") res.setHeader(name, merged(res, String(value)));
  else if (name === "set-cookie") res.appendHeader(name, lines);
  else res.setHeader(name, lines);
}

function merged(res: ServerResponse, added: string): string {
  return mergeVary(res.getHeader("vary") as string | undefined, [added]);
}

function seen(req: Request, res: ServerResponse): ContractRequest {
  const { _parsedUrl, _parsedOriginalUrl } = req as unknown as Record<string, unknown>;
  const gone = new AbortController();
  res.once("close", () => res.writableFinished || gone.abort());
  return {
    method: req.method ?? "GET",
    url: req.url ?? "/",
    alsoUrls: [req.originalUrl, JSON.stringify([_parsedUrl, _parsedOriginalUrl, req.query, req.search])],
    query: (name) => [req.query[name] ?? []].flat(),
    header: (name) => {
      const value = req.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    signal: gone.signal,
    notices: listenFor(req, res, undefined),
  };
}
