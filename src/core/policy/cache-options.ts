import { isFieldName, isFieldValue } from "../../http/fields.ts";
import { CACHE_OPTIONS, checkedOptions, hasMethods, invalid } from "../contract/options.ts";
import type { OnError, Reporter } from "../contract/outcomes.ts";
import type { Clock } from "../contract/platform.ts";
import type { StatusHeader } from "../contract/request-and-policy.ts";
import type { Store } from "../contract/store.ts";
import { checkRouteOptions } from "./option-checks.ts";
import type { Checks } from "./option-checks.ts";
import type { CacheSettings } from "./policy.ts";
import type { RouteOptions } from "./route-options.ts";

/** How `Cache-Status` identifies this cache and its entries (RFC 9211). */
export interface CacheStatusOptions {
  /** This cache's name. Default: `caching-route`. */
  readonly name?: string;
  /** Whether the member has the entry's key, hashed under the cache's `secret` (RFC 9211 §2.7). Default: false. */
  readonly key?: boolean;
}

/** How long calls of a store may take, in seconds. Each member has its own default. */
export interface StoreTimeouts {
  /** Lookups, and asking for what was invalidated. Default: 0.1. */
  readonly read?: number;
  /** Writes, removals and invalidations. Default: 1. */
  readonly write?: number;
}

/**
 * Options of `createCache`. All are optional. A wrong value throws `ERR_CACHE_OPTION_INVALID`.
 *
 * @example
 * const cache = createCache({
 *   store: memoryStore({ maxBytes: 256 * 2 ** 20 }),
 *   namespace: "api",
 *   defaults: { ttl: 60, staleIfError: 3600 },
 *   onError: (error, failure) => console.warn(failure.operation, error),
 * });
 */
export interface CacheOptions {
  /** Where entries are kept. Default: `memoryStore()`, at most 64 MiB in this process. */
  store?: Store;
  /** The start of every key. Default: none. */
  namespace?: string;
  /** Whether a route's `namespace` follows this one (`"concat"`: `api:users`) or replaces it. Default: `"concat"`. */
  namespacePolicy?: "concat" | "replace";
  /**
   * The response header with one word for whether the response came from the cache, or false for none. Each member has
   * its own default. Default: `{ name: "X-Cache", hit: "HIT", miss: "MISS" }`.
   */
  statusHeader?: Partial<StatusHeader> | false;
  /**
   * This cache's name in the response header `Cache-Status` (RFC 9211), or false for no such header. Each member has its
   * own default. Default: `{ name: "caching-route", key: false }`.
   */
  cacheStatus?: CacheStatusOptions | string | boolean;
  /** Options for routes that do not set them. Functions among them get the request of any framework. Default: none. */
  defaults?: RouteOptions;
  /**
   * Whether routes are cached. False: for tests and development, all routes behave as without a cache, whatever they set
   * themselves. The methods of the cache go on as usual. Default: true.
   */
  enabled?: boolean;
  /** The source of time. Default: the system clock. */
  clock?: Clock;
  /** Returns a random number from 0 up to, not including, 1. Default: `Math.random`. */
  random?: () => number;
  /**
   * Receives errors that do not fail a request: of the store, of background refreshes, and of `clock` and `random`.
   * Default: a console warning, at most one in ten seconds.
   */
  onError?: OnError;
  /**
   * Receives, once per route and reason, why a response was not stored. False: no reports. Default: the console, or no
   * reports if `NODE_ENV` is `production`.
   */
  reporter?: Reporter | false;
  /**
   * How long a store may take, in seconds, before a request goes on without it: one number for all calls, or one for lookups
   * (`read`) and one for writes, removals and invalidations (`write`). Above 0, at most 60. Default: `{ read: 0.1, write: 1 }`.
   */
  storeTimeout?: number | StoreTimeouts;
  /**
   * For how long processes that share a store may serve what it has while they cannot learn what others invalidate, in
   * seconds. After it every request is a miss, until they can. At most 3600; 0: none is served. Default: 5.
   */
  blind?: number;
  /** The key for hashes of principals. Processes that share a store need the same one. Default: random. */
  secret?: string;
}

const CACHE_CHECKS: Checks<(typeof CACHE_OPTIONS)[number]> = {
  store: storeRemedy,
  namespace: (value) => (typeof value === "string" ? undefined : 'a string, such as "api"'),
  namespacePolicy: (value) =>
    value === "concat" || value === "replace" ? undefined : '"concat" or "replace"',
  statusHeader: (value) =>
    value === false || isStatusHeader(value) ? undefined : "{ name, hit, miss } or false",
  cacheStatus: (value) =>
    typeof value === "boolean" || isText(value) || isCacheStatus(value)
      ? undefined
      : "a name, true or false, or { name, key }",
  defaults: () => undefined,
  enabled: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  clock: (value) =>
    hasMethods(value, ["now", "schedule"]) ? undefined : "a clock: now() and schedule(callback, ms)",
  random: (value) =>
    typeof value === "function" ? undefined : "a function that returns a number from 0 up to 1",
  onError: (value) => (typeof value === "function" ? undefined : "a function of the error and the failure"),
  reporter: (value) =>
    value === false || typeof value === "function" ? undefined : "a function of the report, or false",
  storeTimeout: (value) =>
    isTimeout(value) || isTimeouts(value)
      ? undefined
      : `seconds above 0, at most ${LONGEST_TIMEOUT}, or { read, write }, such as { read: 0.1, write: 1 }`,
  blind: (value) =>
    typeof value === "number" && value >= 0 && value <= LONGEST_BLIND
      ? undefined
      : `seconds from 0 to ${LONGEST_BLIND}`,
  secret: (value) => (isText(value) ? undefined : "a non-empty string"),
};

/** In seconds. What is more was meant as milliseconds. */
const LONGEST_TIMEOUT = 60;
const LONGEST_BLIND = 3600;

const WHERE = "createCache";

/** Checks the options of `createCache`. Throws as `checkRouteOptions` does. */
export function checkCacheOptions(options: CacheOptions): void {
  const known: readonly (keyof CacheOptions)[] = CACHE_OPTIONS;
  for (const [name, value] of checkedOptions(options, WHERE, {
    known,
    example: "{ store: memoryStore() }",
    isSetup: true,
  })) {
    const expected = CACHE_CHECKS[name as keyof CacheOptions](value);
    if (expected !== undefined) throw invalid(WHERE, name, value, expected);
  }
  if (options.defaults === undefined) return;
  checkRouteOptions(options.defaults, `${WHERE} defaults`);
  const { route } = options.defaults;
  // All routes would get this one name.
  if (route !== undefined) throw invalid(`${WHERE} defaults`, "route", route, "it on each route");
}

/** Returns the settings that a cache has for all its routes, complete. */
export function settingsOf(options: CacheOptions): CacheSettings {
  const { statusHeader, cacheStatus } = options;
  return Object.freeze({
    namespace: options.namespace ?? "",
    namespacePolicy: options.namespacePolicy ?? "concat",
    statusHeader:
      statusHeader === false
        ? undefined
        : Object.freeze({
            name: (statusHeader?.name ?? "x-cache").toLowerCase(),
            hit: statusHeader?.hit ?? "HIT",
            miss: statusHeader?.miss ?? "MISS",
          }),
    cacheStatus: cacheStatus === false ? undefined : (nameIn(cacheStatus) ?? "caching-route"),
    cacheStatusKey: typeof cacheStatus === "object" && cacheStatus.key === true,
    isEnabled: options.enabled ?? true,
    isShared: options.store?.shared === true,
    hasSecret: options.secret !== undefined,
    defaults: Object.freeze({ ...options.defaults }),
  });
}

/** Returns the deadlines of a store's calls, in ms. */
export function deadlinesOf(timeout: CacheOptions["storeTimeout"] = {}): {
  readonly readMs: number;
  readonly writeMs: number;
} {
  const { read = 0.1, write = 1 } = typeof timeout === "number" ? { read: timeout, write: timeout } : timeout;
  return { readMs: read * 1000, writeMs: write * 1000 };
}

function isTimeout(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value <= LONGEST_TIMEOUT;
}

function isTimeouts(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { read, write, ...rest } = value as Record<string, unknown>;
  const given = [read, write].filter((seconds) => seconds !== undefined);
  return given.length > 0 && given.every(isTimeout) && Object.keys(rest).length === 0;
}

/** What to write in place of a value that is no store. Undefined: it is one. */
function storeRemedy(value: unknown): string | undefined {
  if (typeof value === "function") return "what it returns: call it, as in memoryStore()";
  if (typeof value === "string") return `a store, such as memoryStore(), or ${AROUND_CLIENT}`;
  if (REDIS_CLIENTS.some((methods) => hasMethods(value, methods))) return AROUND_CLIENT;
  if (hasMethods(value, ["get", "set"])) {
    const { name, shared, set, marks } = value as {
      readonly name?: unknown;
      readonly shared?: unknown;
      readonly marks?: unknown;
      readonly set: (...args: never) => unknown;
    };
    const isNamed = isText(name) && hasMethods(value, ["delete", "clear"]);
    // Every request would be a miss.
    if (isNamed && set.length < 2) {
      if (marks !== undefined && !hasMethods(marks, ["read", "add"]))
        return 'a store whose "marks" have read(from) and add(names, above), or one without';
      return typeof shared === "boolean"
        ? undefined
        : 'a store whose "shared" is true if several processes see the same entries, else false';
    }
    if (set.length < 2 && typeof shared === "boolean" && !isText(name))
      return 'a store with a "name", a text for messages';
    if (set.length > 1 || !isNamed) return KEYED;
  }
  return "a store, such as memoryStore(): a name, shared, get, set, delete and clear";
}

/** What clients of ioredis and iovalkey have, and those of node-redis. */
const REDIS_CLIENTS = [
  ["hmgetBuffer", "duplicate"],
  ["sendCommand", "withTypeMapping"],
];

const AROUND_CLIENT = 'redisStore(client), from "caching-route/stores/redis"';

/** A Map, an LRU cache, Keyv, cache-manager, the client of a database. */
const KEYED =
  "memoryStore({ maxBytes }), or a store around it as in docs/writing-a-store.md: " +
  "what has set(key, value) keeps values under keys, and a store keeps whole responses: set(entry)";

function isStatusHeader(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { name, hit, miss, ...rest } = value as Record<string, unknown>;
  const isNamed = name === undefined || (typeof name === "string" && isFieldName(name));
  const words = [hit, miss].every((word) => word === undefined || (isText(word) && isFieldValue(word)));
  return isNamed && words && Object.keys(rest).length === 0;
}

function isCacheStatus(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { name, key, ...rest } = value as Record<string, unknown>;
  const isNamed = name === undefined || isText(name);
  return isNamed && (key === undefined || typeof key === "boolean") && Object.keys(rest).length === 0;
}

function nameIn(cacheStatus: CacheOptions["cacheStatus"]): string | undefined {
  if (typeof cacheStatus === "string") return cacheStatus;
  return typeof cacheStatus === "object" ? cacheStatus.name : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
