import type { RouteOptions } from "fastify";
import { CacheError } from "../../adapter.ts";
import type { FastifyCacheOptions } from "./options.ts";

/** Returns a route's name for messages. */
export function routeLabel(route: RouteOptions): string {
  return `${[route.method].flat().join(",")} ${route.url}`;
}

/**
 * Returns the cache options of a route, or undefined if it is not to be cached.
 *
 * Throws `ERR_CACHE_OPTION_INVALID` if they are not an object, or are in `config`: there TypeScript would infer their type
 * and check nothing.
 */
export function cacheOptionsOf(route: RouteOptions): FastifyCacheOptions | undefined {
  const inConfig: unknown = (route.config as { readonly cache?: unknown } | undefined)?.cache;
  if (inConfig !== undefined) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${routeLabel(route)}: "cache" is an option of the route, not of its "config"; write ${declarationWith(route, inConfig)}`,
    );
  }
  const { cache }: { readonly cache?: unknown } = route;
  if (cache === undefined || cache === false) return undefined;
  if (isObject(cache)) return cache;
  const or = cache === null ? ", or cache: false" : "";
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${routeLabel(route)}: the option "cache" is ${shown(cache)}; write cache: ${corrected(cache)}${or}`,
  );
}

/** Returns the declaration of a route with its cache options in their place. */
function declarationWith({ method, url }: RouteOptions, cache: unknown): string {
  const options = `cache: ${corrected(cache)}`;
  if (typeof method === "string") return `app.${method.toLowerCase()}("${url}", { ${options} }, handler)`;
  return `app.route({ method: ${JSON.stringify(method)}, url: "${url}", ${options}, handler })`;
}

/** Returns what was probably meant, as it is written in a program. */
function corrected(cache: unknown): string {
  if (cache === false) return "false";
  if (isObject(cache)) {
    const options = Object.entries(cache).map(([name, value]) => `${name}: ${shown(value)}`);
    return options.length === 0 ? "{}" : `{ ${options.join(", ")} }`;
  }
  const isSeconds = ["number", "string"].includes(typeof cache) && Number(cache) > 0;
  return `{ ttl: ${isSeconds ? Number(cache) : 60} }`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) return `[${value.length > 3 ? "..." : value.map(shown).join(", ")}]`;
  return (typeof value === "object" && value !== null) || typeof value === "function" ? "..." : String(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
