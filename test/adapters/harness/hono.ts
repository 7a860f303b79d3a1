import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { Context, MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { cacheRoute, cacheTags, invalidates } from "../../../src/adapters/hono.ts";
import type { CacheRouteOptions } from "../../../src/adapters/hono.ts";
import type { Cache } from "../../../src/index.ts";
import type {
  AdapterHarness,
  ContractRequest,
  ContractRoute,
  ContractServer,
} from "../../../src/testing/index.ts";
import { listen as listenByFetch, streamOf } from "./fetch.ts";
import type { Listen } from "./fetch.ts";
import { listening } from "./listening.ts";

/** An application, whatever its environment is. */
export interface Served {
  fetch(request: Request, env?: unknown): Response | Promise<Response>;
}

const TOO_LATE =
  "what Hono's middleware adds after next() is added to a response that the cache has returned";

const AHEAD =
  "middleware in front has run when its request arrives here, and Hono does not note when it came";

const ON_A_CONNECTION = "a Hono handler does not know of its place on a connection";

const DECLINED = {
  "a page whose cookie is added as its head is sent is not shared: sent whole": TOO_LATE,
  "a page whose cookie is added as its head is sent is not shared: sent in parts": TOO_LATE,
  "a waiting request does not get a page whose cookie is added as its head is sent": TOO_LATE,
  "a later request does not follow a stream whose cookie was added as its head was sent": TOO_LATE,
  "what a before guard may have read ahead of an invalidation is not stored": AHEAD,
  "what a framework guard may have read ahead of an invalidation is not stored": AHEAD,
  "a follower behind another response on its connection gets every byte of a stream too large to buffer":
    ON_A_CONNECTION,
  "followers without a byte wait at most a second for a leader behind another response on its connection":
    ON_A_CONNECTION,
};

const UTF_8 =
  "@hono/node-server writes the head of text and of streams in UTF-8, unless any middleware has set a field of it";

/** Serves the contract's neutral routes as a Hono application, over a real socket. */
export const honoHarness: AdapterHarness = honoOn(listenByFetch);

/** The same on another server for fetch handlers, with what that one cannot do. */
export function honoOn(listenOn: Listen, declined: Readonly<Record<string, string>> = {}): AdapterHarness {
  const serveApp = (app: Served): Promise<ContractServer> => listenOn((request) => app.fetch(request));
  return harnessOf("hono", serveApp, { ...DECLINED, ...declined });
}

/** The same behind Hono's own server for Node. */
export const behindNodeServer: AdapterHarness = harnessOf("hono on @hono/node-server", (app) => listen(app), {
  ...DECLINED,
  ...Object.fromEntries(
    ["text", "non-ASCII text", "long text", "an object", "a stream"].map((form) => [
      `non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: ${form}`,
      UTF_8,
    ]),
  ),
  "a stream that breaks midway resets the connection of an HTTP/1.0 client":
    "@hono/node-server ends the connection, and that is the end of content in HTTP/1.0",
});

function harnessOf(
  name: string,
  serveApp: (app: Served) => Promise<ContractServer>,
  declined: Readonly<Record<string, string>>,
): AdapterHarness {
  return {
    name,
    declined,
    start(cache, routes) {
      const app = new Hono();
      app.onError((error, c) => c.text("the error page", statusOf(error)));
      app.use(parseJson);
      // A handler that has responded is the last one.
      for (const route of routes.toSorted((one, other) => Number(!one.only) - Number(!other.only)))
        declare(app, cache, route);
      return serveApp(app);
    },
  };
}

function statusOf(error: Error): ContentfulStatusCode {
  return ((error as { readonly status?: number }).status ?? 500) as ContentfulStatusCode;
}

/** Listens on a free port of 127.0.0.1, by Hono's own server for Node. */
export async function listen(app: Served): Promise<ContractServer> {
  const server = createAdaptorServer({ fetch: (request, env) => app.fetch(request, env) }) as Server;
  return listening(server);
}

/** As a validator of JSON does, in front of routes that take it. */
const parseJson: MiddlewareHandler = async (c, next) => {
  const isJson = c.req.header("content-type")?.startsWith("application/json") === true;
  if (isJson && !["GET", "HEAD"].includes(c.req.method)) await c.req.json();
  await next();
};

function declare(app: Hono, cache: Cache, route: ContractRoute): void {
  const { earlier, guard, lateCookies, options, only, log } = route;
  const own = route.cache ?? cache;
  const speakFirst: MiddlewareHandler = async (c, next) => {
    const { url } = c.req;
    for (const [name, value] of Object.entries(earlier?.() ?? {}))
      for (const [at, line] of [value].flat().entries()) c.header(name, line, { append: at > 0 });
    await next();
    for (const line of lateCookies?.() ?? []) c.header("set-cookie", line, { append: true });
    log?.(url.slice(new URL(url).origin.length));
  };
  const requireKey: MiddlewareHandler = async (c, next) => {
    guard?.onRun?.();
    return c.req.header("x-key") === undefined ? c.text("a key is needed", 401) : next();
  };
  const handlers: MiddlewareHandler[] = [
    speakFirst,
    ...(route.compresses === true ? [compress({ threshold: 0 })] : []),
    ...(guard === undefined ? [] : [requireKey]),
    ...(options === undefined ? [] : [cacheRoute(own, options as CacheRouteOptions)]),
    ...(route.invalidates === undefined ? [] : [invalidates(own, { tags: route.invalidates })]),
    (c) => respond(route, c),
  ];
  const chosen = handlers.map((handler): MiddlewareHandler => {
    if (only === undefined) return handler;
    return (c, next) => (c.req.header("x-only") === only ? handler(c, next) : next());
  });
  app.on(route.method, [route.path], ...chosen);
}

async function respond(route: ContractRoute, c: Context): Promise<Response> {
  const answer = await route.handler(seen(c));
  const { status = 200, headers = {}, removes = [], adds = {}, tags = [], body } = answer;
  for (const tag of tags) cacheTags(c, [tag]);
  for (const name of removes) c.header(name);
  for (const [name, line] of Object.entries(adds)) c.header(name, line, { append: true });
  for (const [name, value] of Object.entries(headers)) say(c, name, value);
  c.status(status as never);
  // A Response with 304 cannot have content.
  if (body === undefined || status === 304) return c.body(null);
  if (typeof body === "string") return c.body(body);
  if (body instanceof Uint8Array) return c.body(new Uint8Array(body));
  return Symbol.asyncIterator in body ? c.body(streamOf(body)) : c.json(body);
}

/** As a handler does that heeds the middleware before it. */
function say(c: Context, name: string, value: string | readonly string[]): void {
  const isJoined = name === "vary" || name === "set-cookie";
  for (const [at, line] of [value].flat().entries()) c.header(name, line, { append: isJoined || at > 0 });
}

function seen(c: Context): ContractRequest {
  const { pathname, search } = new URL(c.req.url);
  return {
    method: c.req.method,
    url: pathname + search,
    alsoUrls: [c.req.raw.url, JSON.stringify(c.req.queries())],
    query: (name) => c.req.queries(name) ?? [],
    header: (name) => c.req.header(name),
    signal: c.req.raw.signal,
  };
}
