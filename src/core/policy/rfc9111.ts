import type { RouteOptions } from "./route-options.ts";

/**
 * The options of a transparent shared cache that obeys RFC 9111 to the letter: for a route whose handler asks another
 * server. What it does otherwise than a route's own options is listed in `docs/what-is-cached.md`.
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
