import { ServerResponse } from "node:http";
import { addTags, engineOf, type Cache, type Invalidates, type RouteOptions } from "caching-route/adapter";
import { respond, respondToWrite } from "caching-route/adapter/node";
import type { Middleware, Polka, Request } from "polka";

/** A handler. Unlike Polka itself, the cache waits for its promise. */
export type Handler = (req: Request, res: ServerResponse) => unknown;

/** Declares a cached route. Guards come before the handler. They run on a hit, too. */
export function cacheRoute(
  app: Polka,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  { cache, ...options }: RouteOptions<Request> & { cache: Cache },
  ...handlers: [...guards: Middleware[], handler: Handler]
): void {
  const engine = engineOf(cache);
  const policy = engine.policy<Request>(options, { route: `${method} ${path}`, declaration: {} });
  const handler = handlers.at(-1) as Handler;
  const cached: Middleware = (request, res, next) => {
    const req = request as unknown as Request;
    const call = { req, res, native: req };
    respond({ engine, policy }, call, {
      proceed(run) {
        const fail = (error: unknown): void => {
          run?.fail(error);
          next(error);
        };
        void attempt(() => handler(req, res), fail);
      },
      answer: (send) => send(),
      fail: next,
    });
  };
  // Polka gives the only function of a route no `next`.
  const first: Middleware = (_req, _res, next) => next();
  const declared = [first, ...(handlers.slice(0, -1) as Middleware[]), cached];
  app.add(method, path, ...declared);
  if (method === "GET") app.head(path, ...declared);
}

/** Wraps the handler of a route that writes. */
export function invalidates(
  { cache, tags }: { cache: Cache; tags: Invalidates<[Request]> },
  handler: Handler,
): Handler {
  const invalidate = engineOf(cache).invalidates(tags, { route: "invalidates()", option: "tags" });
  return (req, res) =>
    respondToWrite({ res, handle: () => handler(req, res), tell: (end) => invalidate(end, req) });
}

/** Adds tags to the response that a handler is making. */
export function cacheTags(res: ServerResponse, tags: readonly string[]): void {
  addTags(res instanceof ServerResponse ? res : undefined, tags, "the response: cacheTags(res, tags)");
}

async function attempt(run: () => unknown, fail: (error: unknown) => void): Promise<void> {
  try {
    await run();
  } catch (error) {
    fail(error);
  }
}
