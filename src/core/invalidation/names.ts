import { normalizeOrigin } from "../../http/origin.ts";
import { splitTarget } from "../../http/query.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { pathsOfRoute } from "../contract/route-pattern.ts";
import { parametersIn, parameterText, valuesOf } from "./path-pattern.ts";
import type { PathParameter } from "./path-pattern.ts";

/**
 * The names by which an entry can be invalidated.
 *
 * `t|` a tag, `g|` a group, `n|` a namespace, `r|` a route, `p|` a route with parameters, `u|` an origin and a path, `k|` a
 * key. The names of an entry are its tags and groups first, then the others, and never its key.
 *
 * Marks may also have the name `*`, of everything, and `t|`, of everything with a tag or a group: no tag is empty. With a
 * `~` before it, a name is marked softly. A log of marks has all of these.
 */
export type Name = string;

/** The name of everything. */
export const EVERYTHING: Name = "*";

/** The name of everything with a tag or a group. */
export const ANY_TAG: Name = "t|";

/** Returns the name by which what has `name` is marked softly. */
export function softName(name: Name): Name {
  return `~${name}`;
}

/** Returns whether a mark of this name is a soft one. */
export function isSoftName(name: Name): boolean {
  return name.startsWith("~");
}

/** Returns the name that a soft mark is about. */
export function hardName(name: Name): Name {
  return name.slice(1);
}

/** Returns the name that stands for a mark which a log has forgotten, at its position or a later one. */
export function floorOf(name: Name): Name {
  if (isSoftName(name)) return softName(floorOf(hardName(name)));
  return name.startsWith("t|") ? ANY_TAG : EVERYTHING;
}

/** What invalidations look at in an entry. */
export type Marked = Pick<Entry, "names" | "began"> & Partial<Pick<Entry, "key">>;

/** The limit of names in characters per name, so that long names count more. */
export const CHARACTERS_PER_NAME = 64;

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
  return `r|${withoutEndSlash(route)}`;
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
  return `p|${withoutEndSlash(route)} ${hashedIfLong(JSON.stringify(given), digest)}`;
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

/** Returns the resource of the name of a key. */
export function resourceOf(name: Name): string {
  return name.slice(2);
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
  const { routes, patterns } = routesOf(policy);
  const names = new Set(routes.map(routeName));
  if (policy.namespace !== "") names.add(namespaceName(policy.namespace));
  const { params = {}, target, rewritten } = request;
  const { path } = splitTarget(rewritten ?? target);
  const given = Object.keys(params).length > 0 ? [params] : [];
  // A router may leave out those of the routers around it, and those that are optional.
  const whole = patterns.map((pattern) => valuesOf(pattern.parameters, params, pattern.path, path));
  for (const values of [...given, ...whole])
    if (values !== undefined) for (const route of routes) names.add(parametersName(route, values, digest));
  names.add(urlName(origin, splitTarget(target).path, digest));
  if (rewritten !== undefined) names.add(urlName(origin, path, digest));
  return [...names];
}

/** Under what a route is invalidated. */
interface Routed {
  /** Its own name, and its paths as far as they are known. */
  readonly routes: readonly string[];
  /** Its paths that have parameters. */
  readonly patterns: readonly { readonly path: string; readonly parameters: readonly PathParameter[] }[];
}

function routesOf(policy: Pick<Policy, "name" | "route" | "paths">): Routed {
  const known = ROUTES.get(policy);
  if (known !== undefined) return known;
  const paths = pathsOfRoute(policy);
  const patterns = paths.map((path) => ({ path, parameters: parametersIn(path) }));
  const routed = {
    routes: [policy.name, ...paths],
    patterns: patterns.filter(({ parameters }) => parameters.length > 0),
  };
  ROUTES.set(policy, routed);
  return routed;
}

const ROUTES = new WeakMap<object, Routed>();

/** Routers often take `/a` and `/a/` for one. */
function withoutEndSlash(route: string): string {
  return /^\/.*[^/]\/$/s.test(route) ? route.slice(0, -1) : route;
}

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
