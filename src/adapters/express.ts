import type { IncomingMessage, ServerResponse } from "node:http";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { RouteParameters } from "express-serve-static-core";
import { addTags, CacheError, checkedOptions, engineOf, isUnsafe } from "../adapter.ts";
import type { Cache, Decision, Fill, Invalidates, Policy, RouteContext, RouteOptions } from "../adapter.ts";
import { watchFailures, watchRouter } from "./express/failures.ts";
import { guardsOf, passGuards } from "./express/guards.ts";
import { RoutePolicies } from "./express/policies.ts";
import { ExpressRequest, replayed } from "./express/refresh.ts";
import { parsedContent, narrowQuery, requestOrigin } from "./express/request.ts";
import { watchWrite, writeLabel } from "./express/writes.ts";
import { follow } from "./node/follow.ts";
import { isDisconnected } from "./node/connection-closed.ts";
import { restoreAtEnd } from "./node/shadow.ts";
import { overrideHeaders } from "./node/request.ts";
import { arrivalOf, noteArrival } from "./node/arrivals.ts";
import { observeRequests } from "./node/original-url.ts";
import { processWide } from "./node/process-wide.ts";
import { setFields, setUnlessSet } from "./node/reply-fields.ts";
import { sendReply } from "./node/send-reply.ts";
import { ResponseTap } from "./node/response-tap.ts";

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

  function lookUp(req: Request, res: Response, next: NextFunction): void {
    watchRouter(req);
    const refresh = replayed(req, policies);
    const proceed = (decision: Decision): void => {
      if (decision.kind === "fill") markFilling(req, engine);
      act(decision, req, res, next, () => lookUpSafely(req, res, next));
    };
    if (refresh?.fill !== undefined) return proceed(refresh.fill);
    // A refresh that came with another URL has been destroyed.
    if (refresh !== undefined) return res.destroyed ? undefined : next();
    if (isFilling(req, engine)) return next();
    const policy = policies.of(req, cacheRoute);
    const record = new ExpressRequest(
      req,
      requestOrigin(req),
      parsedContent(req),
      policies,
      arrivalOf(req, engine),
    );
    const decision = engine.begin(record, policy);
    if (decision instanceof Promise) void proceedLater(decision, proceed, res, next);
    else proceed(decision);
  }

  function lookUpSafely(req: Request, res: Response, next: NextFunction): void {
    try {
      lookUp(req, res, next);
    } catch (thrown) {
      next(thrown);
    }
  }

  function cacheRoute(req: Request, res: Response, next: NextFunction): void {
    observeRequests(req, engine);
    noteArrival(req, engine);
    passGuards(guards, req, res, (error) => {
      // A response that was begun cannot be replaced.
      if (error !== undefined || res.headersSent) return next(error);
      lookUpSafely(req, res, next);
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

async function proceedLater(
  decision: Promise<Decision>,
  proceed: (decision: Decision) => void,
  res: Response,
  next: NextFunction,
): Promise<void> {
  try {
    const decided = await decision;
    // Meanwhile the client may have disconnected, or something else, such as a timeout, may have sent a response.
    if (!res.headersSent && (decided.kind === "serve" || !isDisconnected(res))) proceed(decided);
    else if (decided.kind === "fill") decided.abandon("aborted");
    else if (decided.kind === "follow") void decided.content.return?.();
  } catch (error) {
    next(error);
  }
}

function act(
  decision: Decision,
  req: Request,
  res: Response,
  next: NextFunction,
  decideAgain: () => void,
): void {
  switch (decision.kind) {
    case "serve":
      return sendReply(res, decision.reply);
    case "follow":
      return follow(decision, res, decideAgain);
    case "bypass":
      setFields(res, decision.fields);
      setUnlessSet(res, decision.unlessSet);
      return next();
    case "fill":
      return fill(decision, req, res, next);
  }
}

function fill(fill: Fill, req: Request, res: Response, next: NextFunction): void {
  if (req.socket.destroyed) {
    // Its disconnect would not be noticed any more.
    fill.abandon("aborted");
    return next();
  }
  const restoreHeaders = overrideHeaders(req, fill);
  try {
    if (fill.target !== undefined) restoreAtEnd(res, narrowQuery(req, fill));
  } catch (error) {
    // The application's own query parser has thrown.
    fill.abandon("failed", error);
    throw error;
  }
  // The tap comes last: what it puts on the response is taken away first, and V8 makes no dictionary of that.
  watchFailures(req, res, (error) => tap.fail(error));
  const tap = new ResponseTap(res, fill, next, restoreHeaders);
  next();
}

/** The caches that are being filled by the handlers of a request. */
const FILLING = processWide("express.filling", () => new WeakMap<Request, Set<object>>());

function markFilling(req: Request, cache: object): void {
  const known = FILLING.get(req);
  if (known === undefined) FILLING.set(req, new Set([cache]));
  else known.add(cache);
}

/** Whether this request fills a cache already. A second lookup in it would make the request wait for itself. */
function isFilling(req: Request, cache: object): boolean {
  return FILLING.get(req)?.has(cache) === true;
}
