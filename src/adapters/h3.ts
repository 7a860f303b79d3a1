import { defineHandler } from "h3";
import type { EventHandler, EventHandlerRequest, EventHandlerWithFetch, H3Event, Middleware } from "h3";
import { addTags, checkedOptions, engineOf, isUnsafe } from "../adapter.ts";
import type { Cache, Engine, Invalidates, ResponseHead, RouteOptions } from "../adapter.ts";
import {
  fieldsOfError,
  isFilling,
  LeftToH3,
  pathParams,
  responseClass,
  responseOf,
  runHandler,
  stagedFields,
  stageFields,
  statusLeftToH3,
  unstage,
} from "./h3/event.ts";
import type { HandlerRun } from "./h3/event.ts";
import { urlsOf } from "./h3/urls.ts";
import { declaredIn, partsOf, passesHeaders } from "./h3/handler.ts";
import { RoutePolicies } from "./h3/policies.ts";
import { refreshFor, refreshThrough, runRefresh } from "./h3/refresh.ts";
import type { RefreshingApp } from "./h3/refresh.ts";
import { respond } from "./web/respond.ts";
import { chain, checkHandler } from "./web/route.ts";
import type { WebCall } from "./web/route.ts";
import { respondToWrite, tellingEnd } from "./web/writes.ts";

/**
 * The options of an h3 route. `key`, `scope`, `origin` and `tags` are given h3's event, whose type parameter is this one.
 *
 * @example
 * const options: CacheRouteOptions = {
 *   ttl: 60,
 *   scope: (event) => userOf(event),
 *   tags: (event) => [`report:${getRouterParam(event, "id")}`],
 * };
 */
export type CacheRouteOptions<Req extends EventHandlerRequest = EventHandlerRequest> = RouteOptions<
  H3Event<Req>
>;

/**
 * Wraps a handler, which does not run on a hit. The middleware of its definition does, and so does what is in front.
 *
 * The schema that `defineValidatedHandler` has for the query declares its parameters, unless `query` does. Each place of
 * the result in the routes is a route of its own. Throws a `CacheError` if an argument is wrong.
 *
 * @example
 * app.get("/reports/:id", cacheRoute(cache, { ttl: 60 }, (event) => report(getRouterParam(event, "id"))));
 */
export function cacheRoute<Req extends EventHandlerRequest = EventHandlerRequest, Res = unknown>(
  cache: Cache,
  options: NoInfer<CacheRouteOptions<Req>>,
  handler: EventHandler<Req, Res>,
): EventHandlerWithFetch<Req, Res> {
  const write = "cacheRoute(cache, { ttl: 60 }, handler)";
  const engine = engineOf(cache, [options, handler], write);
  checkHandler("cacheRoute()", options, handler, write);
  const { own, guards, validate } = partsOf(handler as EventHandler);
  const arrivals = new WeakMap<H3Event, number>();
  const lookup = new Lookup(engine, options as RouteOptions<H3Event>, "cacheRoute()", validate?.query);
  const arrive: Middleware = (event) => void arrivals.set(event, engine.arrival());
  const cached: EventHandlerWithFetch = defineHandler({
    ...(handler.meta && { meta: handler.meta }),
    ...(guards.length > 0 && { middleware: [arrive, ...guards] }),
    handler: function cacheRoute(event): unknown {
      const run = (): unknown => own(event);
      return chain(passesHeaders(validate?.headers, event.req), (isValid) =>
        isValid ? lookup.respond(event, run, event.app ?? cached, arrivals.get(event)) : run(),
      );
    },
  });
  return cached as EventHandlerWithFetch<Req, Res>;
}

/**
 * Returns middleware that caches the responses of all handlers behind it. On a hit they do not run; what is in front does.
 *
 * Each route behind it is one of its own. Throws `ERR_CACHE_NOT_A_CACHE`, or as `createCache` does if an option is invalid.
 *
 * @example
 * app.use("/api/**", cacheMiddleware(cache, { ttl: 60 }));
 */
export function cacheMiddleware(cache: Cache, options: CacheRouteOptions = {}): Middleware {
  const engine = engineOf(cache, [options], "cacheMiddleware(cache, { ttl: 60 })");
  const lookup = new Lookup(engine, options, "cacheMiddleware()");
  return function cacheMiddleware(event, next) {
    return lookup.respond(event, next, event.app);
  };
}

/** The lookups of one declaration. */
class Lookup {
  readonly #engine: Engine;
  readonly #policies: RoutePolicies;

  constructor(engine: Engine, options: RouteOptions<H3Event>, unplaced: string, query?: unknown) {
    this.#engine = engine;
    this.#policies = new RoutePolicies(
      options,
      { unplaced, query: declaredIn(query), declaration: this },
      (chosen, context) => engine.policy(chosen, context),
    );
  }

  /** Responds from the cache, or by what is `next`. `app` is what a refresh passes through. */
  respond(event: H3Event, next: () => unknown, app: RefreshingApp | undefined, arrivedAt?: number): unknown {
    const engine = this.#engine;
    const refresh = refreshFor(event, this);
    if (refresh === null || (refresh === undefined && isFilling(event, engine))) return next();
    const policy = this.#policies.of(event);
    const run: HandlerRun = { event, next, cache: engine, policy };
    if (refresh !== undefined) return runRefresh(refresh, run);
    if (!policy.isEnabled) return next();
    let made: unknown;
    const call: WebCall<H3Event> = {
      request: event.req,
      ...urlsOf(event),
      native: event,
      tagged: event,
      params: pathParams(event),
      incoming: event.runtime?.node?.req,
      arrivedAt,
      earlier: stagedFields(event),
      responseClass,
      waitUntil: (promise) => event.waitUntil(promise),
      async handle(shown, fill) {
        const response = await runHandler(run, shown, fill);
        made = response;
        return response;
      },
      ...(app && { refresh: (copy, refill) => refreshThrough(app, this, copy, refill) }),
    };
    return chain(respond({ engine, policy }, call), (response) => {
      if (!(made instanceof LeftToH3)) {
        unstage(event, response);
        return response;
      }
      stageFields(event, response, fieldsOfError(made.error));
      return made.leave();
    });
  }
}

/** What the writes of an h3 route make outdated. */
export interface InvalidatesOptions<Req extends EventHandlerRequest = EventHandlerRequest> {
  /**
   * The tags, or a function that returns them. It is given the event, and the status and the fields of the response. Where
   * the handler threw, the status is 500 and there are no fields.
   */
  tags: Invalidates<[event: H3Event<Req>, response: ResponseHead]>;
}

/**
 * Wraps a handler that writes: what is tagged with `tags` is invalidated before the first byte of its response is sent.
 * With a status from 200 to 399 it is gone. With 500 and above, or if the handler throws or its client disconnects, it
 * becomes stale and may stand in for errors. With 400 to 499, and for safe methods, nothing happens.
 *
 * Throws `ERR_CACHE_OPTION_INVALID` if an option is wrong.
 *
 * @example
 * app.post("/todos", invalidates(cache, { tags: ["todos"] }, async (event) => todos.add(await event.req.json())));
 */
export function invalidates<Req extends EventHandlerRequest = EventHandlerRequest, Res = unknown>(
  cache: Cache,
  options: NoInfer<InvalidatesOptions<Req>>,
  handler: EventHandler<Req, Res>,
): EventHandlerWithFetch<Req, Res> {
  const write = 'invalidates(cache, { tags: ["todos"] }, handler)';
  const engine = engineOf(cache, [options, handler], write);
  checkHandler("invalidates()", options, handler, write);
  checkedOptions(options, "invalidates()", { known: ["tags"], example: '{ tags: ["todos"] }' });
  const invalidate = engine.invalidates<[event: H3Event<Req>, response: ResponseHead]>(options.tags, {
    route: (event) => `${event.req.method} ${event.context.matchedRoute?.route ?? ""}`,
    option: "tags",
  });
  const writing = defineHandler<Req>({
    ...(handler.meta && { meta: handler.meta }),
    async handler(event): Promise<unknown> {
      const request: Request = event.req;
      if (!isUnsafe(request.method)) return handler(event);
      let left: unknown;
      const errorFields = new Headers(event.res.errHeaders);
      const response = await respondToWrite({
        request,
        async handle() {
          const value: unknown = await handler(event);
          const status = statusLeftToH3(event, value);
          if (status === undefined) return responseOf(event, value, errorFields);
          left = value;
          return new Response(null, { status });
        },
        tell: (end, head) => invalidate(end, event, head),
      });
      if (left !== undefined) return left;
      const { status, headers } = response;
      const head: ResponseHead = { status, header: (name) => headers.get(name) ?? undefined };
      return tellingEnd(response, () => void invalidate({ status }, event, head));
    },
  });
  return writing as EventHandlerWithFetch<Req, Res>;
}

/**
 * Adds tags to the response that a handler is making, beside those of the route's `tags`. Several calls add up. Where the
 * response is not cached, it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `tags` is not a list of non-empty strings, or if the handler has responded already.
 *
 * @example
 * app.get("/teams/:id", cacheRoute(cache, { ttl: 60 }, async (event) => {
 *   const team = await findTeam(getRouterParam(event, "id"));
 *   cacheTags(event, team.members.map(({ id }) => `user:${id}`));
 *   return team;
 * }));
 */
export function cacheTags<Req extends EventHandlerRequest>(
  event: H3Event<Req>,
  tags: readonly string[],
): void {
  const { req, context } = (event ?? {}) as Partial<H3Event>;
  const isEvent = typeof req === "object" && typeof context === "object";
  addTags(isEvent ? event : undefined, tags, "the event: cacheTags(event, tags)");
}
