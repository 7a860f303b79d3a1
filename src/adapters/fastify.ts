import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  RouteOptions as FastifyRoute,
  preHandlerHookHandler,
} from "fastify";
import { addTags, CacheError, checkedOptions, engineOf } from "../adapter.ts";
import type { Cache, Engine } from "../adapter.ts";
import { CachedRoute } from "./fastify/cached-route.ts";
import { choosingFields, declarationOf, declaredQueryOf } from "./fastify/declaration.ts";
import { arrangeHooks } from "./fastify/hooks.ts";
import { markServed, watchForMissedRoutes } from "./fastify/missed-routes.ts";
import type { FastifyCacheOptions } from "./fastify/options.ts";
import { cacheOptionsOf, routeLabel } from "./fastify/route-mark.ts";
import { markSentReplies } from "./fastify/sent-replies.ts";
import { invalidateAfterWrites } from "./fastify/writes.ts";
import { noteArrival } from "./node/arrivals.ts";
import { processWide } from "./node/process-wide.ts";

export type { FastifyCacheOptions, FastifyGuard } from "./fastify/options.ts";

/**
 * Adds tags to the response that a handler is making, beside those of the route's `tags`. It sends nothing. Several calls
 * add up. Where the response is not cached, it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `tags` is not a list of non-empty strings, or if the response has begun already.
 *
 * @example
 *   app.get("/teams/:id", { cache: { ttl: 60 } }, async (request, reply) => {
 *     const team = await findTeam(request.params.id);
 *     cacheTags(reply, team.members.map(({ id }) => `user:${id}`));
 *     return team;
 *   });
 */
export function cacheTags(reply: TaggedReply, tags: readonly string[]): void {
  // The raw response has `getHeaders`, too.
  const isReply = typeof (reply as Partial<FastifyReply> | null | undefined)?.hijack === "function";
  addTags(isReply ? reply : undefined, tags, "the reply: cacheTags(reply, tags)");
}

/** A reply of any route: its own types do not matter. */
type TaggedReply = Pick<FastifyReply, "getHeaders" | "statusCode">;

/** The options of the plugin `cacheRoute`. */
export interface CacheRoutePluginOptions {
  /** The cache that `createCache` returned. Several applications may share one. */
  cache: Cache;
}

/** All but `cache` are Fastify's own options of `register`. */
const PLUGIN_OPTIONS = ["cache", "prefix", "logLevel", "logSerializers", "encapsulate"];

const REGISTER = "app.register(cacheRoute, { cache: createCache() })";

/**
 * The Fastify plugin. It caches every route with `cache` options that is declared after it, in its context or below.
 *
 * The lookup is the last of the `preHandler` hooks, after every guard. Declaring a route throws a `CacheError` if one of its
 * options is wrong. The application fails to start with `ERR_CACHE_ROUTE_UNSEEN` if a route with `cache` options was declared
 * before the plugin was loaded, so await the registration.
 *
 * @example
 *   const cache = createCache();
 *   await app.register(cacheRoute, { cache });
 *   app.get("/items", { cache: { ttl: 60 } }, async () => listItems());
 */
export const cacheRoute: FastifyPluginAsync<CacheRoutePluginOptions> = async (app, options) => {
  checkedOptions(options, "cacheRoute", {
    known: PLUGIN_OPTIONS,
    offered: ["cache"],
    example: "{ cache }",
    isSetup: true,
    write: options.cache === undefined ? REGISTER : undefined,
  });
  const engine = engineOf(options.cache, [], REGISTER);
  const refinements: (() => void)[] = [];
  app.addHook("onRoute", function onCachedRoute(this: FastifyInstance, route) {
    const options = cacheOptionsOf(route);
    if (options !== undefined) refinements.push(bind(this, route, options, engine));
  });
  // Hooks that run from here on may read what a handler responds with.
  app.addHook("onRequest", (request, _reply, done) => {
    noteArrival(request.raw, engine);
    done();
  });
  // Only when all routes are declared is it known which share a URL.
  app.addHook("onReady", (done) => {
    refinements.splice(0).forEach((refine) => refine());
    done();
  });
};

// What the package fastify-plugin does: the hook belongs to the context that registers the plugin.
Object.assign(cacheRoute, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "caching-route",
  [Symbol.for("plugin-meta")]: { name: "caching-route", fastify: ">=5" },
});

watchForMissedRoutes();

const CACHED_ROUTES = processWide("fastify.cached-routes.1", () => new WeakMap<FastifyRoute, CachedRoute>());

/** Returns a function that adds to the policy the fields by which Fastify chooses between routes of one URL. */
function bind(
  app: FastifyInstance,
  route: FastifyRoute,
  written: FastifyCacheOptions,
  engine: Engine,
): () => void {
  const { before, invalidates, ...options } = written;
  // Without these two the options are passed as they are, so that another value in their place is an error.
  const own = before === undefined && invalidates === undefined ? written : options;
  const guards: readonly unknown[] = [before ?? []].flat();
  if (!guards.every((guard) => typeof guard === "function")) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${routeLabel(route)}: the option "before" is not made of functions; write preHandler hooks, such as [requireKey]`,
    );
  }
  markServed(route, written);
  if (invalidates !== undefined) {
    invalidateAfterWrites(route, invalidates, engine);
    // Such a route is not cached itself.
    if (Object.values(own).every((value) => value === undefined)) {
      arrangeHooks(route, "preHandler", { guards });
      return () => undefined;
    }
  }
  const context = { ...declarationOf(app, route), query: declaredQueryOf(app, route) };
  const policy = engine.policy<FastifyRequest>(own, context);
  markSentReplies(app);
  const known = CACHED_ROUTES.get(route);
  // A cache that was registered further in takes over from one that was registered further out.
  const cached = known ?? new CachedRoute(route, guards as preHandlerHookHandler[], engine, policy);
  if (known === undefined) CACHED_ROUTES.set(route, cached);
  else known.use(engine, policy);
  return () => {
    const vary = choosingFields(app, route);
    if (vary.length > 0) cached.refine(policy, engine.policy<FastifyRequest>(own, { ...context, vary }));
  };
}
