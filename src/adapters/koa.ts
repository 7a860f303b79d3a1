import type { ServerResponse } from "node:http";
import type { Context, DefaultContext, DefaultState, Next, ParameterizedContext } from "koa";
import { addTags, CacheError, checkedOptions, engineOf } from "../adapter.ts";
import type { Cache, Engine, Fill, Invalidates, Policy, RouteContext, RouteOptions } from "../adapter.ts";
import { follow } from "./koa/follow.ts";
import { KoaFill } from "./koa/fill.ts";
import { sendReply } from "./koa/head.ts";
import { RoutePolicies } from "./koa/policies.ts";
import { callOf } from "./koa/request.ts";
import { noteArrival } from "./node/arrivals.ts";
import { lookUp, markFilling, unlessClosed } from "./node/lookup.ts";
import type { Course } from "./node/lookup.ts";
import { observeRequests } from "./node/original-url.ts";
import { setFields, setUnlessSet } from "./node/reply-fields.ts";
import type { NodeRoute } from "./node/route.ts";
import { respondToWrite } from "./node/write-watch.ts";

/** A context of Koa, with the parameters that a router has found in the path. */
export type RouteCtx<StateT = DefaultState, ContextT = DefaultContext> = ParameterizedContext<
  StateT,
  ContextT & { params: Record<string, string> }
>;

/**
 * The options of a Koa route. `key`, `scope`, `origin` and `tags` are given the context. `StateT` and `ContextT` are its
 * types, as in `new Router<StateT, ContextT>()`. Default: those of Koa.
 *
 * @example
 * const options: CacheRouteOptions<{ user: { id: string } }> = {
 *   ttl: 60,
 *   scope: (ctx) => ctx.state.user.id,
 *   tags: (ctx) => [`report:${ctx.params.id}`],
 * };
 */
export type CacheRouteOptions<StateT = DefaultState, ContextT = DefaultContext> = RouteOptions<
  RouteCtx<StateT, ContextT>
>;

/** Middleware for any route. It names no type of the context, so that the router does not infer the handler's from it. */
export type CacheRouteMiddleware = (ctx: unknown, next: () => Promise<unknown>) => Promise<void>;

const UNNAMED = "cacheRoute()";

/**
 * Returns middleware that caches the responses of the middleware after it, in Koa 3 and 2.
 *
 * Guards are the middleware in front of it. `context` is for what Koa cannot know: the route's name in messages (default:
 * its method and path in `@koa/router`), and the query parameters that it declares. Throws `ERR_CACHE_NOT_A_CACHE`, or as
 * `createCache` does if an option is invalid.
 *
 * @example
 * router.get("/reports/:id", requireKey, cacheRoute(cache, { ttl: 60 }), async (ctx) => {
 *   ctx.body = await report(ctx.params.id);
 * });
 * @example
 * const mine = cacheRoute<{ user: User }>(cache, { ttl: 60, scope: (ctx) => ctx.state.user.id });
 * router.get("/me", requireUser, mine, handler);
 */
export function cacheRoute<StateT = DefaultState, ContextT = DefaultContext>(
  cache: Cache,
  options?: CacheRouteOptions<StateT, ContextT>,
  context?: Partial<RouteContext>,
): CacheRouteMiddleware;
export function cacheRoute(
  cache: Cache,
  options: RouteOptions<Context> = {},
  context: Partial<RouteContext> = {},
): CacheRouteMiddleware {
  const engine = engineOf(cache, [options], "cacheRoute(cache, { ttl: 60 })");
  if (typeof options === "function" || typeof context === "function") {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${UNNAMED}: the handler is no argument of it; write router.get(path, cacheRoute(cache, { ttl: 60 }), handler)`,
    );
  }
  const { route = UNNAMED } = context;
  if (Object(options)["before"] !== undefined) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${route}: the option "before" is not for Koa; write router.get(path, guard, cacheRoute(cache, { ttl: 60 }), handler)`,
    );
  }
  const resolve = (name: RouteContext, chosen = options): Policy<Context> =>
    engine.policy<Context>(chosen, { ...context, ...name });
  const policies = new RoutePolicies(({ label, isOneOfMany, ...known }) =>
    resolve(
      { ...known, route: context.route ?? label ?? UNNAMED },
      // Several places cannot share a name.
      isOneOfMany && options.route !== undefined
        ? { ...options, route: `${options.route} ${known.name}` }
        : options,
    ),
  );

  async function cacheRoute(ctx: Context, next: Next): Promise<void> {
    noteArrival(ctx.req, engine);
    const call = callOf(ctx, policies);
    const route = new KoaRoute(engine, policies, ctx, cacheRoute);
    let isDone: boolean;
    do {
      const looked = lookUp(route, call);
      const course = looked instanceof Promise ? await looked : unlessClosed(looked, ctx.res);
      isDone = await act(engine, course, ctx, next);
    } while (!isDone);
  }

  // Invalid options throw here. The name belongs to the places of the middleware, which requests show later.
  const { route: name, ...unnamed } = Object(options) as RouteOptions<Context>;
  const isName = typeof name === "string" && name !== "";
  resolve({ route, name: undefined, declaration: cacheRoute }, isName ? unnamed : options);
  return cacheRoute as CacheRouteMiddleware;
}

/** The route of a request. A class: V8 makes a new shape of each object that is written with a getter, and a hit costs twice as much. */
class KoaRoute implements NodeRoute<Context> {
  readonly engine: Engine;
  readonly #policies: RoutePolicies;
  readonly #ctx: Context;
  readonly #middleware: object;

  constructor(engine: Engine, policies: RoutePolicies, ctx: Context, middleware: object) {
    this.engine = engine;
    this.#policies = policies;
    this.#ctx = ctx;
    this.#middleware = middleware;
  }

  get policy(): Policy<Context> {
    return this.#policies.of(this.#ctx, this.#middleware);
  }
}

/** What the writes of a Koa route make outdated. */
export interface InvalidatesOptions<StateT = DefaultState, ContextT = DefaultContext> {
  /** The tags, or a function of the context that returns them. It runs after the handler. */
  tags: Invalidates<[ctx: RouteCtx<StateT, ContextT>]>;
}

/**
 * Returns middleware for a route that writes: what is tagged with `tags` is invalidated after the middleware behind it,
 * before the first byte of the response is sent. With a status from 200 to 399 it is gone. With 500 and above, or if a
 * handler throws or the client disconnects, it becomes stale and may stand in for errors. With 400 to 499, and for safe
 * methods, nothing happens.
 *
 * Put it behind the guards, so that a request that they refuse invalidates nothing. Throws `ERR_CACHE_OPTION_INVALID` if
 * an option is wrong.
 *
 * @example
 * router.post("/todos", requireUser, invalidates(cache, { tags: ["todos"] }), async (ctx) => {
 *   ctx.status = 201;
 *   ctx.body = await todos.add(ctx.request.body);
 * });
 * @example
 * const changes = invalidates(cache, { tags: (ctx) => ["todos", `todo:${ctx.params.id}`] });
 * router.patch("/todos/:id", changes, handler);
 */
export function invalidates<StateT = DefaultState, ContextT = DefaultContext>(
  cache: Cache,
  options: InvalidatesOptions<StateT, ContextT>,
): CacheRouteMiddleware;
export function invalidates(
  cache: Cache,
  options: { readonly tags: Invalidates<[ctx: Context]> },
): CacheRouteMiddleware {
  const engine = engineOf(cache, [options], 'invalidates(cache, { tags: ["todos"] })');
  checkedOptions(options, "invalidates()", { known: ["tags"], example: '{ tags: ["todos"] }' });
  const invalidate = engine.invalidates<[ctx: Context]>(options.tags, { route: writeLabel, option: "tags" });
  return async function invalidates(given, next) {
    const ctx = given as Context;
    observeRequests(ctx.req, engine);
    await respondToWrite({ res: ctx.res, handle: next, tell: (end) => invalidate(end, ctx) });
  };
}

/**
 * Adds tags to the response that a handler is making, beside those of the route's `tags`. It sends nothing. Several calls
 * add up. Where the response is not cached, it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `tags` is not a list of non-empty strings, or if the handler is done already.
 *
 * @example
 * router.get("/teams/:id", cacheRoute(cache, { ttl: 60 }), async (ctx) => {
 *   const team = await findTeam(ctx.params.id);
 *   cacheTags(ctx, team.members.map(({ id }) => `user:${id}`));
 *   ctx.body = team;
 * });
 */
export function cacheTags(ctx: { readonly res: ServerResponse }, tags: readonly string[]): void {
  const res = (ctx as { readonly res?: Partial<ServerResponse> } | null | undefined)?.res;
  addTags(typeof res?.setHeader === "function" ? res : undefined, tags, "the context: cacheTags(ctx, tags)");
}

/** The name of a request's route in messages. */
function writeLabel(ctx: Context): string {
  const { routerPath = "" } = ctx as { readonly routerPath?: string | RegExp };
  return `${ctx.method} ${String(routerPath)}`;
}

/** Carries out what is to be done. Returns whether that is done: if not, the request has to be decided again. */
async function act(engine: Engine, course: Course, ctx: Context, next: Next): Promise<boolean> {
  switch (course.kind) {
    case "serve":
      sendReply(ctx, course.reply);
      return true;
    case "follow":
      return follow(course, ctx);
    case "bypass":
      setFields(ctx.res, course.fields);
      setUnlessSet(ctx.res, course.unlessSet);
      await next();
      return true;
    case "fill":
      await fill(engine, course, ctx, next, false);
      return true;
    case "refresh":
      await fill(engine, course.fill, ctx, next, true);
      return true;
    case "pass":
      await next();
      return true;
    case "closed":
      return true;
  }
}

async function fill(
  engine: Engine,
  run: Fill,
  ctx: Context,
  next: Next,
  isBackground: boolean,
): Promise<void> {
  markFilling(ctx.req, engine);
  await new KoaFill(run, ctx, isBackground).run(next);
}
