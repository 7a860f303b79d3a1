import { addTags, checkedOptions, engineOf } from "../adapter.ts";
import type { Cache, Engine, Invalidates, MaybePromise, RouteOptions } from "../adapter.ts";
import { checkRequestOf, requestIn, withRequest } from "./fetch/event.ts";
import { respond } from "./web/respond.ts";
import { chain, checkGuards, checkHandler, firstRefusal } from "./web/route.ts";
import type { Guard, WebCall, WebRoute } from "./web/route.ts";
import { respondToWrite } from "./web/writes.ts";
import type { GivenOfWrite } from "./web/writes.ts";

/**
 * A handler of web requests. `Rest` are the other arguments of its runtime, such as `env` and `ctx`; `Native` is the class of
 * its requests.
 */
export type FetchHandler<Rest extends readonly unknown[] = [], Native extends Request = Request> = (
  request: Native,
  ...rest: Rest
) => Response | Promise<Response>;

/** A guard: it refuses a request by returning a `Response`, and lets it pass by returning nothing. */
export type FetchGuard<Rest extends readonly unknown[] = [], Native extends Request = Request> = Guard<
  [request: Native, ...rest: Rest]
>;

/**
 * The options of a route, and the guards that run before its lookup. `key`, `scope`, `origin` and `tags` are given what the
 * handler is given: the request, then its other arguments. `tags` is given the response between them.
 *
 * @example
 * const options: FetchOptions = {
 *   ttl: 60,
 *   query: ["page"],
 *   before: [(request) => (hasKey(request) ? undefined : new Response("no key", { status: 401 }))],
 * };
 */
export interface FetchOptions<
  Rest extends readonly unknown[] = [],
  Native extends Request = Request,
> extends RouteOptions<Native, Rest> {
  /** Guards that run in order before the lookup, on hits as on misses. Default: none. */
  before?: readonly FetchGuard<Rest, Native>[];
}

/**
 * Wraps a `(Request) => Response` handler, which does not run on a hit.
 *
 * All arguments after the request are passed through. If the response may be shared, the handler is given a copy of the
 * request: without the conditions and ranges that the cache evaluates, without the query parameters that are not in the
 * key, and with a signal that is aborted once nobody wants the response. Else it is given the request itself.
 * Throws a `CacheError` if an option is invalid.
 *
 * @example
 * const reports = cacheRoute(cache, { ttl: 60, query: ["page"] }, async (request) => {
 *   const page = new URL(request.url).searchParams.get("page") ?? "1";
 *   return Response.json(await listReports(page));
 * });
 * export default { fetch: reports };
 */
export function cacheRoute<Rest extends readonly unknown[] = [], Native extends Request = Request>(
  cache: Cache,
  options: NoInfer<FetchOptions<Rest, Native>>,
  handler: FetchHandler<Rest, Native>,
): FetchHandler<Rest, Native>;
export function cacheRoute(
  cache: Cache,
  options: FetchOptions<never[]>,
  handler: FetchHandler<never[]>,
): FetchHandler<never[]> {
  const engine = engineOf(cache, [options, handler], WRITE);
  checkHandler("fetch handler", options, handler, WRITE);
  const name = `fetch handler ${handler.name || "(anonymous)"}`;
  return cachedRoute<Request>(
    { engine, name, options, handler },
    { in: (request) => request, with: (_request, _own, shown) => shown },
  );
}

const WRITE = "cacheRoute(cache, { ttl: 60 }, handler)";

/** A handler that is given an event, in which its request is. */
export type EventHandler<Event, Rest extends readonly unknown[] = []> = (
  event: Event,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * The options of a route whose handler is given an event. `key`, `scope`, `origin`, `tags` and the guards are given that in
 * place of the request.
 */
export interface EventOptions<Event, Rest extends readonly unknown[] = []> extends RouteOptions<Event, Rest> {
  /** Guards that run in order before the lookup, on hits as on misses. Default: none. */
  before?: readonly Guard<[event: Event, ...rest: Rest]>[];
}

/**
 * Wraps a handler that is given an event and returns a `Response`, as {@link cacheRoute} does. `requestOf` returns the
 * request of an event.
 *
 * Where `cacheRoute` shows the handler a copy of the request, this shows it a copy of the event with that. Throws a
 * `CacheError` if an argument is wrong.
 *
 * @example
 * export const GET = cacheEvent(cache, { ttl: 60 }, ({ params }) => report(params.id), (event) => event.request);
 */
export function cacheEvent<Event, Rest extends readonly unknown[] = []>(
  cache: Cache,
  options: NoInfer<EventOptions<Event, Rest>>,
  handler: EventHandler<Event, Rest>,
  requestOf: (event: Event) => Request,
): EventHandler<Event, Rest>;
export function cacheEvent<Event>(
  cache: Cache,
  options: EventOptions<Event, never[]>,
  handler: EventHandler<Event, never[]>,
  requestOf: (event: Event) => Request,
): EventHandler<Event, never[]> {
  const write = "cacheEvent(cache, { ttl: 60 }, handler, (event) => event.request)";
  const engine = engineOf(cache, [options, handler], write);
  checkHandler("fetch handler", options, handler, write);
  checkRequestOf(requestOf, write);
  const name = `event handler ${handler.name || "(anonymous)"}`;
  return cachedRoute<Event>(
    { engine, name, options, handler },
    { in: (event) => requestIn(event, requestOf, name), with: withRequest },
  );
}

/** What a route is declared with. */
interface DeclaredRoute<Native> {
  readonly engine: Engine;
  readonly name: string;
  readonly options: EventOptions<Native, never[]>;
  readonly handler: EventHandler<Native, never[]>;
}

/** Where a handler's first argument has its request. */
interface RequestPlace<Native> {
  in(native: Native): Request;
  /** Returns an argument that has `shown` in place of its own request. */
  with(native: Native, own: Request, shown: Request): Native;
}

function cachedRoute<Native>(
  { engine, name, options, handler }: DeclaredRoute<Native>,
  place: RequestPlace<Native>,
): EventHandler<Native, never[]> {
  const { before = [], ...own } = options ?? {};
  // Without guards the options are passed as they are, so that another value in their place is recognised.
  const isGuarded = isObject(options) && options.before !== undefined;
  const policy = engine.policy<Native>(isGuarded ? own : options, {
    route: name,
    name: undefined,
    content: "bytes",
  });
  checkGuards(before, name);
  const route: WebRoute<Native> = { engine, policy };
  return function cachedRoute(native, ...rest) {
    const request = place.in(native);
    const arrivedAt = policy.isEnabled && before.length > 0 ? engine.arrival() : undefined;
    const handle = (shown: Request): MaybePromise<Response> =>
      handler(place.with(native, request, shown), ...rest);
    const call: WebCall<Native> = {
      request,
      native,
      rest,
      arrivedAt,
      waitUntil: (promise) => {
        for (const given of [native, ...rest]) if (keepsAlive(given)) given.waitUntil(promise);
      },
      handle,
      refresh: (copy, refill) =>
        chain(firstRefusal(before, [place.with(native, request, copy), ...rest]), (refusal) =>
          refusal === undefined ? refill({ handle }) : undefined,
        ),
    };
    if (before.length === 0) return respond(route, call);
    return chain(firstRefusal(before, [native, ...rest]), (refusal) => refusal ?? respond(route, call));
  };
}

/** What the writes of a route make outdated. */
export interface InvalidatesOptions<Rest extends readonly unknown[] = [], Native extends Request = Request> {
  /**
   * The tags, or a function that returns them. It is given the request, the status and the fields of the response, and the
   * handler's other arguments. Where the handler threw, the status is 500 and there are no fields.
   */
  tags: Invalidates<GivenOfWrite<Rest, Native>>;
}

/**
 * Wraps a `(Request) => Response` handler that writes: what is tagged with `tags` is invalidated before its response is
 * returned. With a status from 200 to 399 it is gone. With 500 and above, or if the handler throws or its client
 * disconnects, it becomes stale and may stand in for errors. With 400 to 499, and for safe methods, nothing happens.
 *
 * Throws `ERR_CACHE_OPTION_INVALID` if an option is wrong.
 *
 * @example
 * const addTodo = invalidates(cache, { tags: ["todos"] }, async (request) => {
 *   return Response.json(await todos.add(await request.json()), { status: 201 });
 * });
 */
export function invalidates<Rest extends readonly unknown[] = [], Native extends Request = Request>(
  cache: Cache,
  options: NoInfer<InvalidatesOptions<Rest, Native>>,
  handler: FetchHandler<Rest, Native>,
): FetchHandler<Rest, Native> {
  const write = 'invalidates(cache, { tags: ["todos"] }, handler)';
  const engine = engineOf(cache, [options, handler], write);
  checkHandler("fetch handler", options, handler, write);
  const route = `fetch handler ${handler.name || "(anonymous)"}`;
  checkedOptions(options, route, { known: ["tags"], example: '{ tags: ["todos"] }' });
  const invalidate = engine.invalidates<GivenOfWrite<Rest, Native>>(options.tags, { route, option: "tags" });
  return function invalidatingRoute(request, ...rest) {
    return respondToWrite({
      request,
      handle: () => handler(request, ...rest),
      tell: (end, head) => invalidate(end, request, head, ...rest),
    });
  };
}

/**
 * Adds tags to the response to `request`, beside those of the route's `tags`. `request` is the one that the handler was
 * given: a response may be made again by what wraps the handler, and a copy of it would have no tags. Several calls add
 * up. Where the response is not cached, it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `tags` is not a list of non-empty strings, or if the handler has responded already.
 *
 * @example
 * const teams = cacheRoute(cache, { ttl: 60 }, async (request) => {
 *   const team = await findTeam(new URL(request.url));
 *   cacheTags(request, team.members.map(({ id }) => `user:${id}`));
 *   return Response.json(team);
 * });
 */
export function cacheTags(
  request: Pick<Request, "method" | "url" | "headers">,
  tags: readonly string[],
): void {
  const { method, headers } = (request ?? {}) as Partial<Request>;
  // A `Response` has no method, and a request of Node has an object of headers.
  const isRequest = typeof method === "string" && typeof headers?.get === "function";
  addTags(
    isRequest ? request : undefined,
    tags,
    "the request that the handler was given: cacheTags(request, tags)",
  );
}

/** An argument by which handlers extend their lifetime, such as the `ctx` of workers. */
interface KeepsAlive {
  waitUntil(promise: Promise<unknown>): void;
}

function keepsAlive(given: unknown): given is KeepsAlive {
  return typeof given === "object" && given !== null && typeof (given as KeepsAlive).waitUntil === "function";
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
