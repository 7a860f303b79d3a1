import { subscribe } from "node:diagnostics_channel";
import type { FastifyContextConfig, FastifyInstance, RouteOptions } from "fastify";
import { CacheError } from "../../adapter.ts";
import { noteRoute, noteStrategies } from "./declaration.ts";

const bound = new WeakSet<object>();

/** Notes that a cache serves a declared route. */
export function markBound(route: RouteOptions): void {
  bound.add(route);
}

/**
 * Makes an application refuse to start where a route has cache options and no cache heard of it: the plugin was not
 * registered, or `register` was not awaited and Fastify had not loaded it when the route was declared.
 *
 * Fastify shows a route's configuration to hooks that exist when the route is declared, and to nobody later. So the
 * watch has to begin with the application itself, which Fastify announces on `fastify.initialization`.
 */
export function watchForUnseenRoutes(): void {
  subscribe("fastify.initialization", (message) => watch((message as { fastify: FastifyInstance }).fastify));
}

function watch(app: FastifyInstance): void {
  const declared: RouteOptions[] = [];
  noteStrategies(app);
  app.addHook("onRoute", (route) => {
    noteRoute(app, route);
    if (isMarked(route)) declared.push(route);
  });
  app.addHook("onReady", (done) => {
    const unseen = declared.find((route) => !bound.has(route));
    declared.length = 0;
    done(unseen === undefined ? undefined : unseenError(unseen));
  });
}

/** A route that says something about its caching. */
type MarkedRoute = RouteOptions & {
  config: { cache: Exclude<FastifyContextConfig["cache"], false | undefined> };
};

/** Whether a route says anything about its caching. */
export function isMarked(route: RouteOptions): route is MarkedRoute {
  return route.config?.cache !== undefined && route.config.cache !== false;
}

/** What a route is called in messages. */
export function routeLabel(route: RouteOptions): string {
  return `${[route.method].flat().join(",")} ${route.url}`;
}

function unseenError(route: RouteOptions): CacheError {
  return new CacheError(
    "ERR_CACHE_ROUTE_UNSEEN",
    `${routeLabel(route)} has cache options, and no cache saw it being declared; ` +
      "write await app.register(cacheRoute, { cache }) before the route",
  );
}
