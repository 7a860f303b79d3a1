import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyRequest,
  RouteOptions as FastifyRoute,
  preHandlerHookHandler,
} from "fastify";
import { CacheError, checkedOptions, engineOf } from "../adapter.ts";
import type { Cache, Engine, RouteOptions } from "../adapter.ts";
import { noteAnswers } from "./fastify/sent-replies.ts";
import { CachedRoute } from "./fastify/cached-route.ts";
import { declaredQueryOf } from "./fastify/query.ts";
import { choosingFields, declarationOf } from "./fastify/declaration.ts";
import { isMarked, markBound, routeLabel, watchForUnseenRoutes } from "./fastify/missed-routes.ts";

/** What a Fastify route may say in `config.cache`. */
export interface FastifyCacheOptions extends RouteOptions<FastifyRequest> {
  /** Guards in the shape of `preHandler` hooks: they run before the lookup, on hits as on misses. */
  before?: preHandlerHookHandler | readonly preHandlerHookHandler[];
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Caches the route's responses; `false` takes the mark away again. */
    cache?: FastifyCacheOptions | false;
  }
}

/** What the plugin is registered with. */
export interface CacheRoutePluginOptions {
  /** The cache that `createCache` made. */
  cache: Cache;
}

/** What Fastify itself takes with each plugin is left to it. */
const PLUGIN_OPTIONS = ["cache", "prefix", "logLevel", "logSerializers", "encapsulate"];

/**
 * The Fastify plugin: serves every route with `config.cache` that is declared after it in its context or below.
 *
 * The lookup is the last thing in `preHandler`, after every guard. Throws at start-up where options are wrong, where a
 * marked route was declared before the plugin was loaded (`ERR_CACHE_ROUTE_UNSEEN`).
 */
export const cacheRoute: FastifyPluginAsync<CacheRoutePluginOptions> = async (app, options) => {
  checkedOptions(options, "cacheRoute", { known: PLUGIN_OPTIONS, offered: ["cache"], example: "{ cache }" });
  const engine = engineOf(options.cache);
  const chosen: (() => void)[] = [];
  app.addHook("onRoute", function onCachedRoute(this: FastifyInstance, route) {
    if (isMarked(route)) chosen.push(bind(this, route, route.config.cache, engine));
  });
  // Which routes have one URL is known when all are declared.
  app.addHook("onReady", (done) => {
    chosen.splice(0).forEach((say) => say());
    done();
  });
};

// What the package fastify-plugin does: the hook belongs to the context that registers the plugin.
Object.assign(cacheRoute, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "caching-route",
  [Symbol.for("plugin-meta")]: { name: "caching-route", fastify: ">=5" },
});

watchForUnseenRoutes();

const cachedRoutes = new WeakMap<FastifyRoute, CachedRoute>();

/** Answers what adds to the policy the fields by which Fastify chooses between routes. */
function bind(
  app: FastifyInstance,
  route: FastifyRoute,
  written: FastifyCacheOptions,
  engine: Engine,
): () => void {
  const { before, ...options } = written;
  // Without guards the options go on as they are: what stands in their place is recognised.
  const own = before === undefined ? written : options;
  const context = { ...declarationOf(app, route), query: declaredQueryOf(app, route) };
  const policy = engine.policy<FastifyRequest>(own, context);
  const guards: readonly unknown[] = [before ?? []].flat();
  if (!guards.every((guard) => typeof guard === "function")) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${routeLabel(route)}: the option "before" is not made of functions; write preHandler hooks, such as [requireKey]`,
    );
  }
  markBound(route);
  noteAnswers(app);
  const known = cachedRoutes.get(route);
  // A cache that was registered further in takes over from one that was registered further out.
  const cached = known ?? new CachedRoute(route, guards as preHandlerHookHandler[], engine, policy);
  if (known === undefined) cachedRoutes.set(route, cached);
  else known.use(engine, policy);
  return () => {
    const vary = choosingFields(app, route);
    if (vary.length > 0) cached.refine(policy, engine.policy<FastifyRequest>(own, { ...context, vary }));
  };
}
