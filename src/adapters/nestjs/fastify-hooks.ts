import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { CacheError } from "../../adapter.ts";
import { RouteHooks } from "../fastify/route-hooks.ts";
import { markSentReplies } from "../fastify/sent-replies.ts";

/** On the configuration of a route: its hooks. Of several copies of this package, each has its own. */
const HOOKS: unique symbol = Symbol("caching-route.nestjs.hooks") as never;
/** On a reply: its request is looked up. A member, and no weak map: V8 frees the keys of a weak map later. */
const LOOKED_UP: unique symbol = Symbol("caching-route.nestjs.looked-up") as never;

type Marked = FastifyReply & { [LOOKED_UP]?: boolean };

/**
 * Adds the hooks of the cache to each route that Nest will declare on a Fastify application. Which of them have a cached
 * handler, Fastify does not know; for the others, the hooks do nothing.
 */
export function addHooksToRoutes(app: FastifyInstance): void {
  markSentReplies(app);
  app.addHook("onRoute", (route) => {
    const hooks = new RouteHooks(route, (reply: Marked) => reply[LOOKED_UP] === true);
    route.config = Object.assign({}, route.config, { [HOOKS]: hooks });
  });
}

/** Marks a reply whose request is looked up. */
export function markLookedUp(reply: Marked): void {
  reply[LOOKED_UP] = true;
}

/** Returns the hooks of a request's route. Throws `ERR_CACHE_ROUTE_UNSEEN` if it was declared before them. */
export function routeHooksOf({ routeOptions, method, url }: FastifyRequest): RouteHooks {
  const hooks = (routeOptions.config as { [HOOKS]?: RouteHooks })[HOOKS];
  if (hooks !== undefined) return hooks;
  throw new CacheError(
    "ERR_CACHE_ROUTE_UNSEEN",
    `${method} ${url}: the route was declared before the module; import CachingRouteModule in the root module`,
  );
}
