import { addTags, engineOf, type Cache, type Invalidates, type RouteOptions } from "caching-route/adapter";
import { respond, respondToWrite, type Refill } from "caching-route/adapter/web";
import { json, type IRequest, type IttyRouterType, type RequestHandler } from "itty-router";

/** Requests that are made for refreshes, by identity: no client can make one. */
const REFRESHES = new WeakMap<Request, Refill>();

/** Declares a cached route. Guards come before the handler. They run on a hit, too. */
export function cacheRoute(
  router: IttyRouterType,
  method: string,
  path: string,
  { cache, ...options }: RouteOptions<IRequest> & { cache: Cache },
  ...handlers: [...guards: RequestHandler[], handler: RequestHandler]
): void {
  const engine = engineOf(cache);
  const route = { route: `${method} ${path}`, declaration: {}, content: "bytes" } as const;
  const policy = engine.policy<IRequest>(options, route);
  const handler = handlers.at(-1) as RequestHandler;
  async function cached(native: IRequest, ...rest: unknown[]): Promise<Response> {
    const request: Request = native;
    const { params } = native;
    const handle = async (shown: Request): Promise<Response> =>
      json(await handler(shown as IRequest, ...rest));
    const refill = REFRESHES.get(request);
    REFRESHES.delete(request);
    // The cache has reported what the handler of a refresh throws.
    if (refill !== undefined) return refill({ handle }).then(emptyResponse, emptyResponse);
    const refresh = (copy: Request, run: Refill): unknown => {
      REFRESHES.set(copy, run);
      return router.fetch(copy, ...rest);
    };
    return respond({ engine, policy }, { request, native, rest, params, handle, refresh });
  }
  const declared = [...handlers.slice(0, -1), cached];
  router[method.toLowerCase()]?.(path, ...declared);
  if (method === "GET") router.head(path, ...declared);
}

/** Wraps the handler of a route that writes. */
export function invalidates(
  { cache, tags }: { cache: Cache; tags: Invalidates<[IRequest]> },
  handler: RequestHandler,
): RequestHandler {
  const invalidate = engineOf(cache).invalidates(tags, { route: "invalidates()", option: "tags" });
  return (native, ...rest) =>
    respondToWrite({
      request: native,
      handle: async () => json(await handler(native, ...rest)),
      tell: (end) => invalidate(end, native),
    });
}

/** Adds tags to the response to a request, which is the one that the handler was given. */
export function cacheTags(request: IRequest, tags: readonly string[]): void {
  addTags(
    request.headers instanceof Headers ? request : undefined,
    tags,
    "the request: cacheTags(request, tags)",
  );
}

const emptyResponse = (): Response => new Response();
