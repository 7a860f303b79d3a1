import { normalizeOrigin } from "../../http/origin.ts";
import { splitTarget } from "../../http/query.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { pathOfRoute } from "../contract/route-pattern.ts";
import { parameterText } from "./path-pattern.ts";

/**
 * The names by which an entry can be invalidated.
 *
 * `t|` a tag, `g|` a group, `n|` a namespace, `r|` a route, `p|` a route with parameters, `u|` an origin and a path, `k|` a
 * key. The names of an entry are its tags and groups first, then the others, and never its key.
 */
export type Name = string;

/** What invalidations look at in an entry. */
export type Marked = Pick<Entry, "names" | "began"> & Partial<Pick<Entry, "key">>;

/** Longer paths and parameters are hashed. In characters. */
const LONGEST_PART = 64;

/** Returns whether a name is a tag or a group. */
export function isTagName(name: Name): boolean {
  return name.startsWith("t|") || name.startsWith("g|");
}

/** Returns whether an entry with these names has a tag or a group. */
export function hasTag([first]: readonly Name[]): boolean {
  return first !== undefined && isTagName(first);
}

/** Returns all names that a mark may have for an entry. */
export function calledBy({ names, key }: Pick<Marked, "names" | "key">): readonly Name[] {
  const ofAnyOrigin = names.filter(isUrlName).map(urlOfAnyOrigin);
  return [...names, ...ofAnyOrigin, ...(key === undefined ? [] : [keyName(key)])];
}

/** Returns the name of an application's tag. */
export function tagName(tag: string): Name {
  return `t|${tag}`;
}

/** Returns the name of a group, which no other origin can invalidate (RFC 9875 §2.1). */
export function groupName(origin: string, group: string): Name {
  return `g|${origin.replace(/[%|]/g, encodeURIComponent)}|${group}`;
}

/** Returns the name of a namespace, that of the cache and the route joined. */
export function namespaceName(namespace: string): Name {
  return `n|${namespace}`;
}

/** Returns the name of all entries of a route, by its name or by its path. */
export function routeName(route: string): Name {
  return `r|${route}`;
}

/** Returns the name of the entries of a route with these parameters. */
export function parametersName(
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  digest: Digest,
): Name {
  const given = Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [[name, parameterText(value)] as const]))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `p|${route} ${hashedIfLong(JSON.stringify(given), digest)}`;
}

/** Returns the name of what is stored for a path and any query. Without an origin: of any origin. */
export function urlName(origin: string | undefined, path: string, digest: Digest): Name {
  // No origin has a space.
  const host = origin === undefined ? "*" : normalizeOrigin(origin).replaceAll(" ", "%20");
  return `u|${host} ${hashedIfLong(normalizedPath(path), digest)}`;
}

/** Returns whether a name is that of a URL. */
export function isUrlName(name: Name): boolean {
  return name.startsWith("u|");
}

/** Returns whether a name is that of a path on any origin. */
export function isOfAnyOrigin(name: Name): boolean {
  return name.startsWith("u|* ");
}

/** Returns the name of a path on any origin, for that of a URL. */
export function urlOfAnyOrigin(name: Name): Name {
  return `u|*${name.slice(name.indexOf(" "))}`;
}

/** Returns the name of a resource by its key in the store. */
export function keyName(resource: string): Name {
  return `k|${resource}`;
}

/** Returns whether a name is that of a key. */
export function isKeyName(name: Name): boolean {
  return name.startsWith("k|");
}

/**
 * Returns the names of a response that a route makes for a request, besides its tags. `origin` is the one in keys.
 *
 * A rewritten URL has its own name, so that both lead to the response.
 */
export function placesOf<Native>(
  request: Pick<RequestRecord<Native>, "target" | "rewritten" | "params">,
  policy: Policy<Native>,
  origin: string,
  digest: Digest,
): Name[] {
  const routes = routesOf(policy);
  const names = routes.map(routeName);
  if (policy.namespace !== "") names.push(namespaceName(policy.namespace));
  const { params } = request;
  if (params !== undefined && Object.keys(params).length > 0)
    names.push(...routes.map((route) => parametersName(route, params, digest)));
  names.push(urlName(origin, splitTarget(request.target).path, digest));
  if (request.rewritten !== undefined)
    names.push(urlName(origin, splitTarget(request.rewritten).path, digest));
  return names;
}

/** Under what names a route is invalidated: its own, and its path if that is known. */
function routesOf(policy: Pick<Policy, "name" | "route">): readonly string[] {
  const known = ROUTES.get(policy);
  if (known !== undefined) return known;
  const path = pathOfRoute(policy);
  const routes = path === undefined ? [policy.name] : [policy.name, path];
  ROUTES.set(policy, routes);
  return routes;
}

const ROUTES = new WeakMap<object, readonly string[]>();

/**
 * Returns the same text for all ways to write a path: `/%7Eu` is `/~u` (RFC 3986 §6.2.2). To some servers `/a%3Ab` and
 * `/a:b` differ, and yet they have one name here: an invalidation may reach too much, and never too little.
 */
function normalizedPath(path: string): string {
  const encoded = path.replace(/[^!-~]+/gu, (text) =>
    encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\uFFFD")),
  );
  return encoded.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[!-~]/.test(character) && !"%/?#".includes(character) ? character : escaped.toUpperCase();
  });
}

function hashedIfLong(text: string, digest: Digest): string {
  return text.length <= LONGEST_PART ? text : `#${digest.of(new TextEncoder().encode(text))}`;
}
