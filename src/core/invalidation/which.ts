import { normalizeOrigin } from "../../http/origin.ts";
import { splitTarget } from "../../http/query.ts";
import { CacheError, show } from "../contract/errors.ts";
import { checkedOptions, invalid } from "../contract/options.ts";
import type { Digest } from "../contract/platform.ts";
import { patternOf } from "../contract/route-pattern.ts";
import { areTags } from "./handler-tags.ts";
import { namespaceName, parametersName, routeName, tagName, urlName } from "./names.ts";
import type { Name } from "./names.ts";
import { expanded, parametersIn, valuesOf } from "./path-pattern.ts";
import type { ParametersOf } from "./path-pattern.ts";

/**
 * The tags that `cache.invalidate` invalidates.
 *
 * @example
 * await cache.invalidate({ tags: ["users", "teams"] });
 */
export type Tagged = { readonly tag: string } | { readonly tags: readonly string[] };

/**
 * The route whose responses `cache.invalidate` invalidates: its path, or its `route` option. Methods before the path, as in
 * `GET /users/:id`, do not count. With `params` only the responses for these parameters: all that the path has, decoded.
 *
 * @example
 * await cache.invalidate({ route: "/users/:id", params: { id: 7 } });
 */
export interface OfRoute<Route extends string = string> {
  readonly route: Route;
  readonly params?: ParametersOf<Route>;
}

/**
 * The URL whose responses `cache.invalidate` invalidates: every variant and query of it. A query that is given does not
 * count. A path means it on any origin.
 *
 * @example
 * await cache.invalidate({ url: "/users/7" });
 */
export interface OfUrl {
  readonly url: string | URL;
}

/**
 * The namespace whose responses `cache.invalidate` invalidates, as a route's `namespace` option has it: without the cache's
 * own.
 *
 * @example
 * await cache.invalidate({ namespace: "users" });
 */
export interface OfNamespace {
  readonly namespace: string;
}

/** What `cache.invalidate` invalidates, besides a key. */
export type Which<Route extends string = string> = Tagged | OfRoute<Route> | OfUrl | OfNamespace;

/** How to invalidate. */
export interface Softly {
  /**
   * True: what is stored becomes stale, with the stale windows that it has, so that it can still stand in for errors.
   * False: it is gone. Default: false.
   */
  readonly soft?: boolean;
}

/** What an invalidation has done. */
export interface Invalidated {
  /** How many responses were removed: for a key, and for everything. Absent: they are not counted, or the store failed. */
  readonly removed?: number;
  /**
   * True: no process that shares the store serves them any more, from 50 ms later on; one that does not reach the store stops
   * after `blind` seconds. False: a shared store failed, and this process alone does not serve them yet.
   */
  readonly everywhere: boolean;
}

/** What the names of an invalidation are made with. */
export interface Known {
  readonly digest: Digest;
  /** Returns a namespace as the keys have it. */
  qualified(namespace: string): string;
  /** Returns the path of a route that is declared here under a name. Undefined: unknown. */
  pathOf(route: string): string | undefined;
  /** The paths of the routes here, or their names, for messages. */
  routes(): readonly string[];
}

/** Returns whether to invalidate softly. Throws `ERR_CACHE_OPTION_INVALID` or `ERR_CACHE_OPTION_UNKNOWN` for wrong options. */
export function isSoft(how: unknown = {}, call = "cache.invalidate"): boolean {
  if ((how as { readonly namespace?: unknown } | null)?.namespace !== undefined) {
    throw new CacheError(
      "ERR_CACHE_OPTION_UNKNOWN",
      `${call}: only a key has a namespace beside it, as in cache.invalidate("user:7", { namespace: "users" }); ` +
        'leave it out, or write cache.invalidate({ namespace: "users" }) for all that is in it',
    );
  }
  const given = checkedOptions(how, call, { known: ["soft"], example: "{ soft: true }" });
  const [[, soft] = ["soft", false]] = given;
  if (typeof soft === "boolean") return soft;
  throw invalid(call, "soft", soft, "true or false");
}

/**
 * Returns the names to invalidate. Throws `ERR_CACHE_TAGS` for wrong tags, and `ERR_CACHE_INVALIDATE` for anything else
 * that is no {@link Which}.
 */
export function namesIn(which: Which, known: Known): readonly Name[] {
  const { tag, tags, route, params, url, namespace, ...rest } = which as Readonly<Record<string, unknown>>;
  const kinds = [tag, tags, route, url, namespace].filter((kind) => kind !== undefined);
  if (kinds.length !== 1 || Object.keys(rest).length > 0 || (params !== undefined && route === undefined))
    throw wrong(which, remedyFor(which));
  if (tag !== undefined || tags !== undefined) {
    const names = tags ?? [tag];
    if (areTags(names)) return names.map(tagName);
    throw new CacheError(
      "ERR_CACHE_TAGS",
      `cache.invalidate was given ${show(which)}; write { tag: "users" } or { tags: ["users"] }`,
    );
  }
  if (url !== undefined) return [urlNameOf(url, known.digest)];
  if (route !== undefined) return namesOfRoute(route, params, known);
  if (typeof namespace === "string" && namespace !== "") return [namespaceName(known.qualified(namespace))];
  throw wrong(which, 'write { namespace: "users" }; cache.clear() removes everything');
}

const EXAMPLES =
  'write a key, { tag: "users" }, { route: "/users/:id", params: { id: 7 } }, { url: "/users/7" } or { namespace: "users" }';

/** What to write in place of the usual mistakes. */
function remedyFor(which: object): string {
  if (Array.isArray(which)) return 'write { tags: ["users"] }';
  if (which instanceof URL) return 'write { url: "/users/7" }';
  if ("key" in which)
    return 'write cache.invalidate("user:7"), or cache.invalidate("user:7", { namespace: "users" })';
  return "soft" in which ? "write { soft: true } as the second argument" : EXAMPLES;
}

function urlNameOf(url: unknown, digest: Digest): Name {
  const text = url instanceof URL ? url.href : url;
  if (typeof text === "string" && text.startsWith("/"))
    return urlName(undefined, splitTarget(text.split("#", 1)[0] as string).path, digest);
  if (typeof text === "string" && URL.canParse(text)) {
    const { origin, protocol, host, pathname } = new URL(text);
    // The URL class knows no origin for schemes of its own.
    const known = origin === "null" ? `${protocol}//${host}` : origin;
    // In `localhost:8000/users/7` the class takes `localhost:` for a scheme, and the rest has no slash before it.
    if (pathname === "" || pathname.startsWith("/"))
      return urlName(normalizeOrigin(known), pathname || "/", digest);
  }
  throw wrong({ url }, 'write { url: "/users/7" } for any origin, or { url: "https://example.org/users/7" }');
}

function namesOfRoute(route: unknown, params: unknown, known: Known): readonly Name[] {
  if (typeof route !== "string" || route === "") throw wrong({ route }, 'write { route: "/users/:id" }');
  // Any method of the path: `GET,HEAD /a` is also `GET /a`.
  const named = patternOf(route)?.path;
  // A path may have spaces, which a name ends with.
  const path =
    named === undefined ? (route.startsWith("/") ? route : undefined) : (known.pathOf(route) ?? named);
  if (params === undefined) return [routeName(path ?? route)];
  const pattern = path ?? known.pathOf(route);
  if (pattern === undefined) {
    const routes = known.routes();
    const list = routes.length === 0 ? "" : `; the routes here are ${routes.join(" | ")}`;
    throw wrong(
      { route, params },
      `the path of this route is not known, so neither are its parameters: write the path as "route", or { url: "/users/7" }, or leave out "params"${list}`,
    );
  }
  const wanted = parametersIn(pattern);
  const given = typeof params === "object" && params !== null ? (params as Record<string, unknown>) : {};
  const missing = wanted.filter(({ name, isOptional }) => {
    return !isParameter(given[name]) && !(isOptional && given[name] === undefined);
  });
  const unknown = Object.keys(given).filter((name) => !wanted.some((one) => one.name === name));
  if (missing.length > 0 || unknown.length > 0) {
    const all = wanted.map(({ name }) => `${name}: ...`).join(", ");
    // As JSON, a `Map` has nothing in it.
    const isMap = params instanceof Map || params instanceof URLSearchParams;
    const what = isMap || given !== params ? `${show(params)} is no object of parameters; ` : "";
    throw wrong(
      { route, params },
      wanted.length === 0
        ? `${pattern} has no parameters; leave out "params"`
        : `${what}write all parameters of ${pattern} as text or numbers, and no others: { ${all} }`,
    );
  }
  const url = expanded(pattern, given);
  return [
    parametersName(path ?? route, valuesOf(wanted, given, "", "") ?? given, known.digest),
    // For routes whose framework tells no parameters.
    ...(url === undefined ? [] : [urlName(undefined, url, known.digest)]),
  ];
}

function isParameter(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
}

function wrong(which: unknown, remedy: string): CacheError {
  return new CacheError("ERR_CACHE_INVALIDATE", `cache.invalidate was given ${show(which)}; ${remedy}`);
}
