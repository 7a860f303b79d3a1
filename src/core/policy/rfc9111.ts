import type { RouteOptions } from "./route-options.ts";

/**
 * Route options of a transparent shared cache as in RFC 9111, for a handler that proxies another server.
 * `docs/what-is-cached.md` lists each difference from the default options.
 *
 * @example
 * const cache = createCache({ defaults: rfc9111 });
 */
export const rfc9111: Readonly<RouteOptions<unknown>> = Object.freeze({
  ttl: "response",
  heuristic: true,
  scope: "shared",
  statuses: "any",
  query: "all",
  setCookie: "store",
  requestDirectives: true,
  revalidate: true,
  invalidateOnUnsafe: true,
  storeDate: true,
});
