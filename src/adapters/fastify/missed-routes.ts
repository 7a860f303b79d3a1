import { subscribe } from "node:diagnostics_channel";
import type { FastifyInstance, RouteOptions } from "fastify";
import { CacheError } from "../../adapter.ts";
import { recordRoute, recordStrategies } from "./declaration.ts";
import type { FastifyCacheOptions } from "./options.ts";
import { cacheOptionsOf, routeLabel } from "./route-mark.ts";

/** Marks, of which each copy of this package reads those of the others. On a declared route: the options it is served with. */
const SERVED: unique symbol = Symbol.for("caching-route.fastify.served") as never;
/** On an application: its routes are watched. */
const WATCHED: unique symbol = Symbol.for("caching-route.fastify.watched") as never;

/** Records that a cache serves a declared route, with these options. */
export function markServed(route: RouteOptions, options: FastifyCacheOptions): void {
  // Not enumerable: Fastify may copy the route.
  Object.defineProperty(route, SERVED, { value: options, writable: true });
}

/**
 * Makes every application fail to start (`ERR_CACHE_ROUTE_UNSEEN`) if a route has cache options and no cache serves it:
 * the plugin was not registered, `register` was not awaited before the route was declared, or an `onRoute` hook wrote the
 * options after the cache had read them.
 *
 * Fastify shows a route's configuration only to hooks that exist when the route is declared. So the hook is added with
 * the application itself, which Fastify announces on the channel `fastify.initialization`.
 */
export function watchForMissedRoutes(): void {
  subscribe("fastify.initialization", (message) => watch((message as { fastify: FastifyInstance }).fastify));
}

function watch(app: FastifyInstance): void {
  if (Object.hasOwn(app, WATCHED)) return;
  Object.defineProperty(app, WATCHED, { value: true });
  const declared = new Map<RouteOptions, FastifyCacheOptions | undefined>();
  recordStrategies(app);
  app.addHook("onRoute", (route) => {
    recordRoute(app, route);
    declared.set(route, cacheOptionsOf(route));
  });
  app.addHook("onReady", (done) => {
    const routes = [...declared];
    declared.clear();
    try {
      for (const [route, options] of routes) checkServed(route, options);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

/** Throws where the options of a route are not those that a cache serves it with. `declared` are those it was declared with. */
function checkServed(route: RouteOptions, declared: FastifyCacheOptions | undefined): void {
  const options = cacheOptionsOf(route);
  const { [SERVED]: known } = route as { readonly [SERVED]?: FastifyCacheOptions };
  if (options === known) return;
  const what =
    known === undefined && options === declared
      ? " has cache options, and no cache was registered before it; " +
        "write await app.register(cacheRoute, { cache }) before the route"
      : ": an onRoute hook wrote its cache options after the cache had read them; " +
        "add that hook before app.register(cacheRoute, { cache })";
  throw new CacheError("ERR_CACHE_ROUTE_UNSEEN", routeLabel(route) + what);
}
