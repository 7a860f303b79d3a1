import { subscribe } from "node:diagnostics_channel";
import type { FastifyContextConfig, FastifyInstance, RouteOptions } from "fastify";
import { CacheError } from "../../adapter.ts";
import { recordRoute, recordStrategies } from "./declaration.ts";

/** On a route that a cache serves. Every copy of this package in the process watches, so all have to know the mark. */
const SERVED: unique symbol = Symbol.for("caching-route.fastify.served") as never;

/** Records that a cache serves a declared route. */
export function markServed(route: RouteOptions): void {
  // Not enumerable: Fastify copies the options of a GET to its HEAD route, which has to be served itself.
  Object.defineProperty(route, SERVED, { value: true, configurable: true });
}

/**
 * Makes every application fail to start (`ERR_CACHE_ROUTE_UNSEEN`) if a route has cache options and no cache serves it,
 * because the plugin was not registered, or `register` was not awaited before the route was declared.
 *
 * Fastify shows a route's configuration only to hooks that exist when the route is declared. So the hook is added with
 * the application itself, which Fastify announces on the channel `fastify.initialization`.
 */
export function watchForMissedRoutes(): void {
  subscribe("fastify.initialization", (message) => watch((message as { fastify: FastifyInstance }).fastify));
}

function watch(app: FastifyInstance): void {
  const declared: RouteOptions[] = [];
  recordStrategies(app);
  app.addHook("onRoute", (route) => {
    recordRoute(app, route);
    if (isMarked(route)) declared.push(route);
  });
  app.addHook("onReady", (done) => {
    const missed = declared.find((route) => !Object.hasOwn(route, SERVED));
    declared.length = 0;
    done(missed === undefined ? undefined : missedError(missed));
  });
}

/** A route with cache options. */
type MarkedRoute = RouteOptions & {
  config: { cache: Exclude<FastifyContextConfig["cache"], false | undefined> };
};

/** Whether a route has cache options. */
export function isMarked(route: RouteOptions): route is MarkedRoute {
  return route.config?.cache !== undefined && route.config.cache !== false;
}

/** Returns a route's name for messages. */
export function routeLabel(route: RouteOptions): string {
  return `${[route.method].flat().join(",")} ${route.url}`;
}

function missedError(route: RouteOptions): CacheError {
  return new CacheError(
    "ERR_CACHE_ROUTE_UNSEEN",
    `${routeLabel(route)} has cache options, and no cache saw it being declared; ` +
      "write await app.register(cacheRoute, { cache }) before the route",
  );
}
