import type { IncomingMessage, ServerResponse } from "node:http";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { RouteParameters } from "express-serve-static-core";
import { addTags, CacheError, checkedOptions, engineOf, isUnsafe } from "../adapter.ts";
import type { Cache, Invalidates, Policy, RouteContext, RouteOptions } from "../adapter.ts";
import { guardsOf, passGuards } from "./express/guards.ts";
import { lookUp } from "./express/lookup.ts";
import { RoutePolicies } from "./express/policies.ts";
import { watchWrite, writeLabel } from "./express/writes.ts";
import { noteArrival } from "./node/arrivals.ts";
import { observeRequests } from "./node/original-url.ts";

/**
 * The options of an Express route. `Path` is its path, as in `app.get`: it types `params` of the request that `key`, `scope`,
 * `origin`, `tags` and the guards are given. Default: any path.
 *
 * @example
 * const options: CacheRouteOptions = {
 *   ttl: 60,
 *   before: [requireKey],
 *   scope: (req) => String(req.get("x-api-key")),
 *   tags: (req) => [`report:${req.params.id}`],
 * };
 */
export interface CacheRouteOptions<Path extends string = string> extends RouteOptions<
  Request<RouteParameters<Path>>
> {
  /** Guards: middleware that runs in order before the lookup, on hits as on misses. Default: none. */
  before?: readonly RequestHandler<RouteParameters<Path>>[];
}

/** Middleware for any route. Its types name no parameters, so that Express infers those of the handler from the path alone. */
export type CacheRouteMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

const UNNAMED = "cacheRoute()";

/**
 * Returns middleware that caches the responses of the handlers after it, in Express 5 and 4.
 *
 * `context` is for what Express cannot know: the route's name in messages (default: its method and path), and the query
 * parameters that it declares. Throws `ERR_CACHE_NOT_A_CACHE`, or as `createCache` does if an option is invalid.
 *
 * @example
 * app.get("/reports/:id", requireKey, cacheRoute(cache, { ttl: 60 }), async (req, res) => {
 *   res.json(await report(req.params.id));
 * });
 * @example
 * const cached = cacheRoute<"/users/:id">(cache, { key: (req) => `user:${req.params.id}` });
 * app.get("/users/:id", cached, handler);
 */
export function cacheRoute<Path extends string = string>(
  cache: Cache,
  options?: CacheRouteOptions<Path>,
  context?: Partial<RouteContext>,
): CacheRouteMiddleware;
export function cacheRoute(
  cache: Cache,
  options: CacheRouteOptions = {},
  context: Partial<RouteContext> = {},
): RequestHandler {
  const engine = engineOf(cache, [options], "cacheRoute(cache, { ttl: 60 })");
  if (typeof options === "function" || typeof context === "function") {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${UNNAMED}: the handler is no argument of it; write app.get(path, cacheRoute(cache, { ttl: 60 }), handler)`,
    );
  }
  const { route = UNNAMED } = context;
  const { guards, own } = separated(options, route);
  const resolve = (name: RouteContext, chosen = own): Policy<Request> =>
    engine.policy<Request>(chosen, { ...context, ...name });
  const policies = new RoutePolicies(({ label, isOneOfMany, ...known }) =>
    resolve(
      { ...known, route: context.route ?? label ?? UNNAMED },
      // Several places cannot share a name.
      isOneOfMany && own.route !== undefined ? { ...own, route: `${own.route} ${known.name}` } : own,
    ),
  );

  function cacheRoute(req: Request, res: Response, next: NextFunction): void {
    // Here and not at the lookup: guards may refuse the first request of a server.
    observeRequests(req, engine);
    noteArrival(req, engine);
    passGuards(guards, req, res, (error) => {
      // A response that was begun cannot be replaced.
      if (error !== undefined || res.headersSent) return next(error);
      const policy = (): Policy<Request> => policies.of(req, cacheRoute);
      lookUp(
        { engine, req, res, native: req, owner: policies, policy },
        { proceed: () => next(), answer: (send) => send(), fail: next },
      );
    });
  }

  // Invalid options throw here. The name belongs to the places of the middleware, which requests show later.
  const { route: name, ...unnamed } = Object(own) as RouteOptions<Request>;
  const isName = typeof name === "string" && name !== "";
  resolve({ route, name: undefined, declaration: cacheRoute }, isName ? unnamed : own);
  return cacheRoute;
}

/** What the writes of an Express route make outdated. `Path` is its path: it types `params` of the request. */
export interface InvalidatesOptions<Path extends string = string> {
  /** The tags, or a function of request and response that returns them. It runs after the handler. */
  tags: Invalidates<[req: Request<RouteParameters<Path>>, res: Response]>;
}

/**
 * Returns middleware for a route that writes: what is tagged with `tags` is invalidated after the handlers behind it,
 * before the first byte of the response is sent. With a status from 200 to 399 it is gone. With 500 and above, or if a
 * handler throws or the client disconnects, it becomes stale and may stand in for errors. With 400 to 499, and for safe
 * methods, nothing happens.
 *
 * Put it behind the guards, so that a request that they refuse invalidates nothing. Throws `ERR_CACHE_OPTION_INVALID` if
 * an option is wrong.
 *
 * @example
 * app.post("/todos", requireUser, invalidates(cache, { tags: ["todos"] }), async (req, res) => {
 *   res.status(201).json(await todos.add(req.body));
 * });
 * @example
 * const changes = invalidates<"/todos/:id">(cache, { tags: (req) => ["todos", `todo:${req.params.id}`] });
 * app.patch("/todos/:id", changes, handler);
 */
export function invalidates<Path extends string = string>(
  cache: Cache,
  options: InvalidatesOptions<Path>,
): CacheRouteMiddleware;
export function invalidates(cache: Cache, options: InvalidatesOptions): RequestHandler {
  const engine = engineOf(cache, [options], 'invalidates(cache, { tags: ["todos"] })');
  checkedOptions(options, "invalidates()", { known: ["tags"], example: '{ tags: ["todos"] }' });
  const invalidate = engine.invalidates<[req: Request, res: Response]>(options.tags, {
    route: writeLabel,
    option: "tags",
  });
  return function invalidates(req, res, next) {
    observeRequests(req, engine);
    if (isUnsafe(req.method)) watchWrite(req, res, invalidate);
    next();
  };
}

/**
 * Adds tags to the response that a handler is making, beside those of the route's `tags`. It sends nothing. Several calls
 * add up. Where the response is not cached, it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `tags` is not a list of non-empty strings, or if the response has begun already.
 *
 * @example
 * app.get("/teams/:id", cacheRoute(cache, { ttl: 60 }), async (req, res) => {
 *   const team = await findTeam(req.params.id);
 *   cacheTags(res, team.members.map(({ id }) => `user:${id}`));
 *   res.json(team);
 * });
 */
export function cacheTags(res: ServerResponse, tags: readonly string[]): void {
  const isResponse = typeof (res as Partial<ServerResponse> | null | undefined)?.setHeader === "function";
  addTags(isResponse ? res : undefined, tags, "the response: cacheTags(res, tags)");
}

/** Separates the adapter's own option from those of the core, which checks them itself. */
function separated(
  options: CacheRouteOptions,
  route: string,
): { readonly guards: readonly RequestHandler[]; readonly own: RouteOptions<Request> } {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return { guards: [], own: options };
  const { before, ...own } = options;
  // Without guards the options are passed as they are, so that another value in their place is recognised.
  return { guards: guardsOf(before, route), own: before === undefined ? options : own };
}
