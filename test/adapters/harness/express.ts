import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import compression from "compression";
import express5 from "express";
import type { Express, Request, RequestHandler, Response } from "express";
import express4 from "express4";
import type { Cache } from "../../../src/index.ts";
import { cacheRoute, cacheTags, invalidates } from "../../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../../src/adapters/express.ts";
import type {
  AdapterHarness,
  ContractResponse,
  ContractRequest,
  ContractRoute,
  ContractServer,
} from "../../../src/testing/index.ts";
import { listening } from "./listening.ts";
import { listenFor, log } from "./ways.ts";

/** Both versions, by name. */
export const versions = [
  ["Express 5", express5],
  ["Express 4", express4],
] as const;

/** Serves the contract's neutral routes with one version of Express, over a real socket. */
export function expressHarness(name: string, express: typeof express5): AdapterHarness {
  return {
    name,
    start(cache, routes) {
      const app = express();
      // With it, no response would be without an entity tag.
      app.set("etag", false);
      app.use(express.json());
      for (const route of routes) declare(app, cache, route);
      return listen(app);
    },
  };
}

/** Listens on a free port of 127.0.0.1. */
export function listen(app: Express): Promise<ContractServer> {
  return listening(createServer(app));
}

function declare(app: Express, cache: Cache, route: ContractRoute): void {
  const { earlier, guard, lateCookies, options } = route;
  const speakFirst: RequestHandler = (req, res, next) => {
    log(req, res);
    // As morgan does.
    if (route.log !== undefined) res.once("finish", () => route.log?.(req.originalUrl));
    // As parsers leave it, and Express its own beside it.
    Object.assign(req, { _parsedOriginalUrl: { href: req.originalUrl, _raw: req.originalUrl } });
    for (const [name, value] of Object.entries(earlier?.() ?? {})) res.setHeader(name, value);
    if (lateCookies !== undefined) sayLate(res, lateCookies);
    next();
  };
  const requireKey: RequestHandler = (req, res, next) => {
    guard?.onRun?.();
    if (req.headers["x-key"] === undefined) res.status(401).send("a key is needed");
    else next();
  };
  const before = guard?.place === "before" ? [requireKey] : [];
  app.all(
    route.path,
    (req, _res, next) => next(matches(req, route) ? undefined : "route"),
    speakFirst,
    ...(route.compresses === true ? [compression({ threshold: 0 })] : []),
    ...(guard?.place === "framework" ? [requireKey] : []),
    ...(options === undefined
      ? []
      : [cacheRoute(route.cache ?? cache, { ...(options as CacheRouteOptions), before })]),
    ...(route.invalidates === undefined
      ? []
      : [
          ...(options === undefined ? before : []),
          invalidates(route.cache ?? cache, { tags: route.invalidates }),
        ]),
    async (req, res, next) => {
      try {
        await run(route, req, res);
      } catch (error) {
        // Express 4 waits for no promise.
        next(error);
      }
    },
  );
}

/** As sessions do, by `on-headers`. */
function sayLate(res: Response, lateCookies: NonNullable<ContractRoute["lateCookies"]>): void {
  const { writeHead } = res;
  let isSaid = false;
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    if (!isSaid) for (const line of lateCookies()) res.append("set-cookie", line);
    isSaid = true;
    return Reflect.apply(writeHead, res, args);
  }) as typeof writeHead;
}

/** As `app.get` does, and a middleware that calls `next("route")`, without a method of the application for each method there is. */
function matches(req: Request, route: ContractRoute): boolean {
  const isMethod = req.method === route.method || (req.method === "HEAD" && route.method === "GET");
  return isMethod && (route.only === undefined || req.headers["x-only"] === route.only);
}

async function run(route: ContractRoute, req: Request, res: Response): Promise<void> {
  const answer: ContractResponse = await route.handler(seen(req, res));
  const { status = 200, headers = {}, removes = [], adds = {}, tags = [], body } = answer;
  res.status(status);
  for (const tag of tags) cacheTags(res, [tag]);
  for (const name of removes) res.removeHeader(name);
  for (const [name, line] of Object.entries(adds)) res.append(name, line);
  for (const [name, value] of Object.entries(headers)) say(res, name, value);
  if (body === undefined) res.end();
  else if (typeof body === "string") res.send(body);
  else if (body instanceof Uint8Array) res.send(Buffer.from(body));
  else if (Symbol.asyncIterator in body) await stream(body, res);
  else res.json(body);
}

/** As a handler does that heeds the middleware before it. */
function say(res: Response, name: string, value: string | readonly string[]): void {
  if (name === "vary") res.vary(String(value));
  else if (name === "set-cookie") res.append(name, typeof value === "string" ? value : [...value]);
  else res.setHeader(name, value);
}

async function stream(body: AsyncIterable<Uint8Array>, res: Response): Promise<void> {
  // A pipeline closes the connection if the source fails, and no error page can be sent then.
  await pipeline(Readable.from(body), res).catch(() => undefined);
}

/** What Express, and the parser that it and its middleware share, call the URL besides. */
function urlsOf(req: Request): readonly string[] {
  const { _parsedUrl, _parsedOriginalUrl } = req as unknown as Record<string, unknown>;
  return [req.originalUrl, JSON.stringify([_parsedUrl, _parsedOriginalUrl, req.query])];
}

function seen(req: Request, res: Response): ContractRequest {
  const gone = new AbortController();
  res.once("close", () => res.writableFinished || gone.abort());
  return {
    method: req.method,
    url: req.url,
    alsoUrls: urlsOf(req),
    query: (name) => [(req.query as Record<string, string | string[] | undefined>)[name] ?? []].flat(),
    header: (name) => {
      const value = req.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    signal: gone.signal,
    notices: listenFor(req, res, undefined),
  };
}
