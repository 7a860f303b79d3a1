import type { FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { CacheError, isUnsafe } from "../../adapter.ts";
import type { Engine, Invalidates, Invalidation } from "../../adapter.ts";
import { processWide } from "../node/process-wide.ts";
import { WriteWatch } from "../node/write-watch.ts";
import { arrangeHooks } from "./hooks.ts";
import { routeLabel } from "./route-mark.ts";

type Given = [request: FastifyRequest, reply: FastifyReply];

/** The invalidation of each route whose writes are watched. A cache that was registered further in replaces it. */
const INVALIDATIONS = processWide(
  "fastify.invalidations.1",
  () => new WeakMap<RouteOptions, { invalidate: Invalidation<Given> }>(),
);

/**
 * Invalidates what the writes of a route make outdated. Throws `ERR_CACHE_OPTION_INVALID` if `invalidates` is wrong, or if
 * the route has safe methods only.
 */
export function invalidateAfterWrites(
  route: RouteOptions,
  invalidates: Invalidates<Given>,
  engine: Engine,
): void {
  const label = routeLabel(route);
  const invalidate = engine.invalidates<Given>(invalidates, { route: label, option: "invalidates" });
  const methods = [route.method].flat().map((method) => method.toUpperCase());
  // Fastify itself adds a HEAD for each route with GET, with the same options.
  if (methods.join() === "HEAD") return;
  if (!methods.some(isUnsafe)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${label}: the option "invalidates" is on a route that does not write; put it on the route that does, such as ` +
        "a POST, or call cache.invalidate in the handler",
    );
  }
  const known = INVALIDATIONS.get(route);
  if (known !== undefined) known.invalidate = invalidate;
  else watchWrites(route, invalidate);
}

function watchWrites(route: RouteOptions, invalidate: Invalidation<Given>): void {
  const current = { invalidate };
  INVALIDATIONS.set(route, current);
  const watches = new WeakMap<FastifyReply, WriteWatch>();
  const { handler } = route;
  // Only a request that reaches the handler writes: one that a guard has refused does not.
  route.handler = function handleWrite(request, reply) {
    if (!isUnsafe(request.method)) return handler.call(this, request, reply);
    // Not in a hook: one that waits lets a handler send twice, and leaves the errors of a stream to nobody.
    const watch = new WriteWatch(reply.raw, (end) => current.invalidate(end, request, reply));
    watches.set(reply, watch);
    const result: unknown = handler.call(this, request, reply);
    // Where a client has disconnected, Fastify may call no hook.
    if (isPromise(result)) {
      result.then(
        () => watch.settle(),
        (error: unknown) => watch.fail(error),
      );
    }
    return result;
  };
  const fail = (_request: FastifyRequest, reply: FastifyReply, error: Error, done: () => void): void => {
    watches.get(reply)?.fail(error);
    done();
  };
  arrangeHooks(route, "onError", { first: [fail] });
}

/** Whether a value is a promise of any realm. Others with a `then`, such as those of query builders, may run again by it. */
function isPromise(value: unknown): value is Promise<unknown> {
  return Object.prototype.toString.call(value) === "[object Promise]";
}
