import { callMiddleware, defineHandler, getQuery, H3, serve } from "h3";
import type { EventHandler, H3Event, Middleware } from "h3";
import { cacheMiddleware, cacheRoute, cacheTags, invalidates } from "../../../src/adapters/h3.ts";
import type { CacheRouteOptions } from "../../../src/adapters/h3.ts";
import type { Cache } from "../../../src/index.ts";
import type {
  AdapterHarness,
  ContractRequest,
  ContractRoute,
  ContractServer,
} from "../../../src/testing/index.ts";
import { listen as listenByFetch, streamOf } from "./fetch.ts";
import type { Listen } from "./fetch.ts";

const TOO_LATE = "what h3's middleware adds after next() is added to a response that the cache has returned";

const AHEAD = "what is in front has run when its request arrives here, and h3 does not note when it came";

const ON_A_CONNECTION = "an h3 handler does not know of its place on a connection";

const CODED_AROUND = "h3 has no compression: what codes a response around the cache weakens its tag itself";

const DECLINED = {
  "a page whose cookie is added as its head is sent is not shared: sent whole": TOO_LATE,
  "a page whose cookie is added as its head is sent is not shared: sent in parts": TOO_LATE,
  "a waiting request does not get a page whose cookie is added as its head is sent": TOO_LATE,
  "a later request does not follow a stream whose cookie was added as its head was sent": TOO_LATE,
  "a strong ETag is not sent with content that middleware encodes": CODED_AROUND,
  "a strong ETag is not sent with a stream that middleware encodes": CODED_AROUND,
  "what a framework guard may have read ahead of an invalidation is not stored": AHEAD,
  "a follower behind another response on its connection gets every byte of a stream too large to buffer":
    ON_A_CONNECTION,
  "followers without a byte wait at most a second for a leader behind another response on its connection":
    ON_A_CONNECTION,
};

const BEHIND_SRVX = {
  ...DECLINED,
  ...Object.fromEntries(
    ["text", "non-ASCII text", "long text", "an object"].map((form) => [
      `non-ASCII field bytes are the same without a cache, on a miss, on a hit and for followers: ${form}`,
      "srvx writes the head of text in UTF-8",
    ]),
  ),
  "a stream that breaks midway resets the connection of an HTTP/1.0 client":
    "srvx ends the connection, and that is the end of content in HTTP/1.0",
};

/** Serves the contract's neutral routes as an h3 application, over a real socket. */
export const h3Harness: AdapterHarness = h3On(listenByFetch);

/** The same on another server for fetch handlers, with what that one cannot do. */
export function h3On(listenOn: Listen, declined: Readonly<Record<string, string>> = {}): AdapterHarness {
  const serveApp = (app: H3): Promise<ContractServer> => listenOn((request) => app.fetch(request));
  return harnessOf("h3", "handler", serveApp, { ...DECLINED, ...declined });
}

/** The same behind h3's own server. */
export const behindSrvx: AdapterHarness = harnessOf("h3 on srvx", "handler", listen, BEHIND_SRVX);

/** The same with middleware in front of plain handlers. */
export const h3Middleware: AdapterHarness = harnessOf("h3 middleware on srvx", "middleware", listen, {
  ...BEHIND_SRVX,
  "what a before guard may have read ahead of an invalidation is not stored": AHEAD,
});

function harnessOf(
  name: string,
  form: "handler" | "middleware",
  serveApp: (app: H3) => Promise<ContractServer>,
  declined: Readonly<Record<string, string>>,
): AdapterHarness {
  return {
    name,
    declined,
    start(cache, routes) {
      const app = new H3({
        silent: true,
        onError(error, event) {
          event.res.status = error.status;
          return "the error page";
        },
      });
      // h3 has one handler for each method and path.
      const sorted = routes.toSorted((one, other) => Number(!one.only) - Number(!other.only));
      const declared = sorted.map((route) => ({ ...route, ...declare(cache, route, form) }));
      for (const { method, path } of routes)
        app.on(method as "GET", path, (event) => {
          const asked = event.req.headers.get("x-only");
          const isChosen = ({ only }: ContractRoute): boolean => only === undefined || only === asked;
          const alike = declared.filter((route) => route.method === method && route.path === path);
          const { front, plain } = alike.find(isChosen) ?? { front: [], plain: () => undefined };
          return callMiddleware(event, front, plain);
        });
      return serveApp(app);
    },
  };
}

/** Listens on a free port of 127.0.0.1, by h3's own server. */
export async function listen(app: H3): Promise<ContractServer> {
  const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
  await server.ready();
  return {
    origin: (server.url ?? "").replace(/\/$/, ""),
    close: () => server.close(true),
  };
}

interface Declared {
  readonly front: Middleware[];
  readonly plain: EventHandler;
}

function declare(cache: Cache, route: ContractRoute, form: "handler" | "middleware"): Declared {
  const { earlier, guard, lateCookies, log } = route;
  const own = route.cache ?? cache;
  const options = route.options as CacheRouteOptions | undefined;
  const speakFirst: Middleware = async (event, next) => {
    const { pathname, search } = event.url;
    for (const [name, value] of Object.entries(earlier?.() ?? {}))
      for (const line of [value].flat()) event.res.headers.append(name, line);
    const response = await next();
    for (const line of lateCookies?.() ?? []) event.res.headers.append("set-cookie", line);
    log?.(pathname + search);
    return response;
  };
  const requireKey: Middleware = (event) => {
    guard?.onRun?.();
    return event.req.headers.has("x-key") ? undefined : new Response("a key is needed", { status: 401 });
  };
  const isOwn = guard?.place === "before" && form === "handler";
  const plain = defineHandler({
    ...(isOwn && { middleware: [requireKey] }),
    handler: (event) => respond(route, event),
  });
  const writing =
    route.invalidates === undefined ? plain : invalidates(own, { tags: route.invalidates }, plain);
  const isCached = options !== undefined;
  return {
    front: [
      speakFirst,
      ...(guard === undefined || isOwn ? [] : [requireKey]),
      ...(isCached && form === "middleware" ? [cacheMiddleware(own, options)] : []),
    ],
    plain: isCached && form === "handler" ? cacheRoute(own, options, writing) : writing,
  };
}

async function respond(route: ContractRoute, event: H3Event): Promise<unknown> {
  const answer = await route.handler(seen(event));
  const { status = 200, headers = {}, removes = [], adds = {}, tags = [], body } = answer;
  for (const tag of tags) cacheTags(event, [tag]);
  for (const name of removes) event.res.headers.delete(name);
  for (const [name, line] of Object.entries(adds)) event.res.headers.append(name, line);
  for (const [name, value] of Object.entries(headers)) say(event, name, value);
  event.res.status = status;
  if (body === undefined || typeof body === "string") return body ?? null;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  return Symbol.asyncIterator in body ? streamOf(body) : body;
}

/** As a handler does that heeds the middleware before it. */
function say({ res }: H3Event, name: string, value: string | readonly string[]): void {
  const isJoined = name === "vary" || name === "set-cookie";
  if (!isJoined) res.headers.delete(name);
  for (const line of [value].flat()) res.headers.append(name, line);
}

function seen(event: H3Event): ContractRequest {
  const { pathname, search, searchParams } = event.url;
  return {
    method: event.req.method,
    url: pathname + search,
    alsoUrls: [event.req.url, JSON.stringify(getQuery(event)), event.toString()],
    query: (name) => searchParams.getAll(name),
    header: (name) => event.req.headers.get(name) ?? undefined,
    signal: event.req.signal,
  };
}
