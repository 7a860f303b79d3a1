import type { Fill } from "../../adapter.ts";

/**
 * Answers the request that a handler is given: the client's own, unless fields are hidden, the query is cut, or it is
 * to hear another signal than its client's.
 */
export function requestForHandler(
  request: Request,
  fill: Pick<Fill, "hidden" | "conditions" | "target">,
  signal?: AbortSignal,
): Request {
  const hidden = fill.hidden.filter((name) => request.headers.has(name));
  const isAltered = hidden.length > 0 || fill.conditions.length > 0 || fill.target !== undefined;
  if (!isAltered && signal === undefined) return request;
  const headers = new Headers(request.headers);
  for (const name of hidden) headers.delete(name);
  for (const [name, value] of fill.conditions) headers.set(name, [value].flat().join(", "));
  const url = fill.target === undefined ? undefined : splitUrl(request.url)[0] + fill.target;
  const moved = url === undefined ? request : new Request(url, request);
  return withExtras(new Request(moved, { headers, ...(signal && { signal }) }), request);
}

/** Puts on a copy what a runtime or a middleware has hung on the request, such as `params` or `cf`. */
export function withExtras(copy: Request, request: Request): Request {
  for (const name of Object.keys(request)) {
    const property = Object.getOwnPropertyDescriptor(request, name);
    if (property !== undefined && !(name in copy)) Object.defineProperty(copy, name, property);
  }
  return copy;
}

/** Cuts a URL into origin and target. `new URL` would cost more than a hit's whole lookup. */
export function splitUrl(url: string): readonly [origin: string, target: string] {
  // The fragment never leaves the client, but a `Request` that was made by hand keeps it (RFC 9110 §4.2.5).
  const fragment = url.indexOf("#");
  const end = fragment === -1 ? url.length : fragment;
  const scheme = url.indexOf("://");
  const authority = scheme === -1 ? 0 : scheme + 3;
  const slash = indexBefore(url, "/", authority, end);
  const query = indexBefore(url, "?", authority, end);
  const path = Math.min(slash, query);
  const target = url.slice(path, end);
  return [url.slice(0, path), target.startsWith("/") ? target : `/${target}`];
}

function indexBefore(text: string, character: string, from: number, end: number): number {
  const at = text.indexOf(character, from);
  return at === -1 || at > end ? end : at;
}
