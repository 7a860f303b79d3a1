import type { Context, Env, Input, MiddlewareHandler } from "hono";
import { addTags, CacheError, checkedOptions, engineOf, isUnsafe } from "../adapter.ts";
import type { Cache, Invalidates, RouteOptions } from "../adapter.ts";
import {
  contentRead,
  earlierFields,
  executionOf,
  isFilling,
  isHttp1,
  runNext,
  sendResponse,
} from "./hono/context.ts";
import { isBehindCompression, matchedBy } from "./hono/place.ts";
import { RoutePolicies } from "./hono/policies.ts";
import { refreshFor, refreshThrough, runRefresh } from "./hono/refresh.ts";
import type { RefreshingApp } from "./hono/refresh.ts";
import { guardCompression } from "./web/compression-guard.ts";
import { respond } from "./web/respond.ts";
import type { WebCall } from "./web/route.ts";
import { respondToWrite, tellingEnd } from "./web/writes.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- the default of Hono's MiddlewareHandler: it fits applications of every Env
type AnyEnv = any;

/**
 * The options of a Hono route. `key`, `scope`, `origin` and `tags` are given Hono's context, whose type the three parameters
 * are: those of `Context`.
 *
 * @example
 * const options: CacheRouteOptions<AppEnv, "/reports/:id"> = {
 *   ttl: 60,
 *   scope: (c) => c.var.user,
 *   tags: (c) => [`report:${c.req.param("id")}`],
 * };
 */
export interface CacheRouteOptions<
  E extends Env = AnyEnv,
  P extends string = string,
  I extends Input = {},
> extends RouteOptions<Context<E, P, I>> {
  /**
   * The application, for refreshes in the background. Needed where they have to store what its `onError` or its `notFound`
   * responds. Default: a refresh passes the middleware and handlers that have matched its client's request.
   */
  app?: RefreshingApp | undefined;
}

/**
 * Returns middleware that caches the responses of the handlers after it. On a hit they do not run; what is in front does.
 *
 * Each place of the middleware in the routes is a route of its own. Throws `ERR_CACHE_NOT_A_CACHE`, or as `createCache`
 * does if an option is invalid.
 *
 * @example
 * app.get("/reports/:id", requireKey, cacheRoute(cache, { ttl: 60 }), async (c) => {
 *   return c.json(await report(c.req.param("id")));
 * });
 */
export function cacheRoute<E extends Env = AnyEnv, P extends string = string, I extends Input = {}>(
  cache: Cache,
  options: CacheRouteOptions<E, P, I> = {},
): MiddlewareHandler<E, P, I> {
  const engine = engineOf(cache, [options], "cacheRoute(cache, { ttl: 60 })");
  if (typeof options === "function") {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      "cacheRoute(): the handler is no argument of it; write app.get(path, cacheRoute(cache, { ttl: 60 }), handler)",
    );
  }
  const { app, own } = separated(options as CacheRouteOptions);

  async function cacheRoute(c: Context, next: () => Promise<void>): Promise<void> {
    const refresh = refreshFor(c, cacheRoute);
    if (refresh) return runRefresh(refresh, c, next, engine);
    if (refresh === null || isFilling(c, engine)) return next();
    const request = c.req.raw;
    const { incoming } = Object(c.env) as { readonly incoming?: unknown };
    const isCoded = isBehindCompression(c);
    const call: WebCall<Context> = {
      request,
      native: c,
      tagged: c,
      params: c.req.param(),
      isHttp1: isHttp1(c),
      incoming,
      earlier: earlierFields(c),
      content: () => contentRead(c),
      waitUntil: (promise) => executionOf(c)?.waitUntil(promise),
      handle: (shown, fill) => runNext(c, next, shown, fill && { fill, cache: engine }),
      refresh: (copy, refill) => refreshThrough(c, cacheRoute, app, copy, refill),
    };
    const response = await respond({ engine, policy: policies.of(c, cacheRoute) }, call);
    sendResponse(c, isCoded ? guardCompression(response, request) : response);
  }

  const policies = new RoutePolicies(own, cacheRoute, (chosen, context) => engine.policy(chosen, context));
  return cacheRoute as MiddlewareHandler<E, P, I>;
}

/** A route of `@hono/zod-openapi`, as `createRoute` returns it. */
export interface OpenAPIRoute {
  readonly method: string;
  readonly path: string;
  readonly request?: { readonly query?: unknown };
  readonly middleware?: unknown;
}

/** A path such as `/reports/{id}` as Hono writes it: `/reports/:id`. */
type HonoPath<Path extends string> = Path extends `${infer Before}/{${infer Name}}${infer After}`
  ? `${Before}/:${Name}${HonoPath<After>}`
  : Path;

/**
 * Returns a route of `@hono/zod-openapi` with {@link cacheRoute} behind its own middleware, which runs on hits, too. The
 * query parameters of its schema and their defaults are declared, unless the option `query` declares others.
 *
 * The validators run behind the cache. Throws as `cacheRoute` does.
 *
 * @example
 * const query = z.object({ page: z.coerce.number().default(1) });
 * const list = createRoute({ method: "get", path: "/reports", request: { query }, responses });
 *
 * app.openapi(cacheOpenAPIRoute(cache, { ttl: 60 }, list), (c) => c.json(reports(c.req.valid("query").page)));
 */
export function cacheOpenAPIRoute<R extends OpenAPIRoute>(
  cache: Cache,
  options: NoInfer<CacheRouteOptions<AnyEnv, HonoPath<R["path"]>>>,
  route: R,
): R {
  const { request, middleware = [] } = checkedOpenAPIRoute(route);
  const query = request?.query as RouteOptions["query"];
  const isObject = typeof options === "object" && options !== null && !Array.isArray(options);
  // Anything else is passed as it is, so that it is recognised.
  const declared = isObject && query !== undefined ? { ...options, query: options.query ?? query } : options;
  const cached = cacheRoute(cache, declared);
  // `createRoute` adds a property that is not enumerable.
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(route)) as R;
  return Object.assign(copy, { middleware: [middleware, cached].flat() });
}

/** What the writes of a Hono route make outdated. The type parameters are those of `Context`. */
export interface InvalidatesOptions<E extends Env = AnyEnv, P extends string = string, I extends Input = {}> {
  /** The tags, or a function of the context that returns them. It runs after the handler, and `c.res` is the response. */
  tags: Invalidates<[c: Context<E, P, I>]>;
}

/**
 * Returns middleware for a route that writes: what is tagged with `tags` is invalidated after the handlers behind it,
 * before the first byte of the response is sent. With a status from 200 to 399 it is gone. With 500 and above, or if the
 * client disconnects, it becomes stale and may stand in for errors. With 400 to 499, and for safe methods, nothing happens.
 *
 * Put it behind the guards, so that a request that they refuse invalidates nothing. Throws `ERR_CACHE_OPTION_INVALID` if
 * an option is wrong.
 *
 * @example
 * app.post("/todos", requireUser, invalidates(cache, { tags: ["todos"] }), async (c) => {
 *   return c.json(await todos.add(await c.req.json()), 201);
 * });
 */
export function invalidates<E extends Env = AnyEnv, P extends string = string, I extends Input = {}>(
  cache: Cache,
  options: InvalidatesOptions<E, P, I>,
): MiddlewareHandler<E, P, I> {
  const engine = engineOf(cache, [options], 'invalidates(cache, { tags: ["todos"] })');
  checkedOptions(options, "invalidates()", { known: ["tags"], example: '{ tags: ["todos"] }' });
  const invalidate = engine.invalidates<[c: Context<E, P, I>]>(options.tags, {
    route: (c) => `${c.req.method} ${matchedBy(c)[c.req.routeIndex]?.path ?? ""}`,
    option: "tags",
  });
  return async function invalidates(c, next) {
    const request = c.req.raw;
    const handle = (): ReturnType<typeof runNext> => runNext(c, next, request);
    if (!isUnsafe(request.method)) return next();
    const response = await respondToWrite({ request, handle, tell: (end) => invalidate(end, c) });
    const { status } = response;
    sendResponse(c, await tellingEnd(response, () => void invalidate({ status }, c)));
  };
}

/**
 * Adds tags to the response that a handler is making, beside those of the route's `tags`. Several calls add up. Where the
 * response is not cached, it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `tags` is not a list of non-empty strings, or if the handler has responded already.
 *
 * @example
 * app.get("/teams/:id", cacheRoute(cache, { ttl: 60 }), async (c) => {
 *   const team = await findTeam(c.req.param("id"));
 *   cacheTags(c, team.members.map(({ id }) => `user:${id}`));
 *   return c.json(team);
 * });
 */
export function cacheTags(c: Context, tags: readonly string[]): void {
  const { req, header } = (c ?? {}) as Partial<Context>;
  const isContext = typeof req === "object" && typeof header === "function";
  addTags(isContext ? c : undefined, tags, "the context: cacheTags(c, tags)");
}

/** Throws `ERR_CACHE_OPTION_INVALID` for what is no route of `@hono/zod-openapi`. */
function checkedOpenAPIRoute<R>(route: R): R {
  const { method, path } = Object(route) as Partial<OpenAPIRoute>;
  if (typeof method === "string" && typeof path === "string") return route;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    "cacheOpenAPIRoute(): the route has no method and path; write app.openapi(cacheOpenAPIRoute(cache, { ttl: 60 }, route), handler)",
  );
}

/** Separates the adapter's own option from those of the core, which checks them itself. */
function separated(options: CacheRouteOptions): {
  readonly app: RefreshingApp | undefined;
  readonly own: RouteOptions<Context>;
} {
  // Without one the options are passed as they are, so that another value in their place is recognised.
  if (typeof options !== "object" || options === null || options.app === undefined)
    return { app: undefined, own: options };
  const { app, ...own } = options;
  if (typeof (app as Partial<RefreshingApp> | null)?.fetch === "function") return { app, own };
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    'cacheRoute(): the option "app" has no method fetch; write the application, such as { app }, or leave it out',
  );
}
