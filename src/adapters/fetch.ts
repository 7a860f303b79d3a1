import { CacheError, engineOf } from "../adapter.ts";
import type { Cache, RouteOptions } from "../adapter.ts";
import { answer } from "./web/answer.ts";
import { checkGuards } from "./web/guards.ts";
import type { Guard } from "./web/guards.ts";
import type { WebRoute } from "./web/route.ts";

/** A function that answers a web `Request`; `Rest` is what its runtime gives it besides, such as `env` and `ctx`. */
export type FetchHandler<Rest extends readonly unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

/** A guard in the shape of a handler: a `Response` refuses the request, nothing lets it pass. */
export type FetchGuard<Rest extends readonly unknown[] = []> = Guard<[request: Request, ...rest: Rest]>;

/** What a route says about its caching, and the guards in front of it. */
export interface FetchOptions<Rest extends readonly unknown[] = []> extends RouteOptions<Request> {
  /** Guards that run once per request, in order, before the lookup: on hits as on misses. */
  before?: readonly FetchGuard<Rest>[];
}

/**
 * Wraps a `(Request) => Response` handler: a hit is answered before it runs.
 *
 * All arguments after the request are passed through. Of a request whose response may be shared the handler is given a
 * copy: without the conditions and ranges that the cache answers, without the query parameters that are not in the key,
 * and with a signal that is aborted once nobody wants the response; else the request itself.
 * Throws a `CacheError` where an option is wrong.
 */
export function cacheRoute<Rest extends readonly unknown[] = []>(
  cache: Cache,
  options: NoInfer<FetchOptions<Rest>>,
  handler: FetchHandler<Rest>,
): FetchHandler<Rest> {
  const engine = engineOf(cache);
  if (typeof handler !== "function") {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `fetch handler: expected cacheRoute(cache, options, handler), and got a handler of type ${typeof handler}`,
    );
  }
  const name = `fetch handler ${handler.name || "(anonymous)"}`;
  const { before = [], ...own } = options ?? {};
  // Without guards the options go on as they are: what stands in their place is recognised.
  const isGuarded = isObject(options) && options.before !== undefined;
  const policy = engine.policy<Request>(isGuarded ? own : options, {
    route: name,
    name: undefined,
    content: "bytes",
  });
  checkGuards(before, name);
  const route: WebRoute<Rest> = { engine, policy, before, handler };
  return function cachedRoute(request, ...rest) {
    return answer(route, request, rest);
  };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
