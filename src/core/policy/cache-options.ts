import { isFieldName, isFieldValue } from "../../http/fields.ts";
import { checkedOptions, hasMethods, storeOrCache } from "../contract/errors.ts";
import type { OnError, Reporter } from "../contract/outcomes.ts";
import type { Clock } from "../contract/platform.ts";
import type { StatusHeader } from "../contract/request-and-policy.ts";
import type { Store } from "../contract/store.ts";
import { checkRouteOptions, invalid } from "./option-checks.ts";
import type { CacheSettings } from "./policy.ts";
import type { RouteOptions } from "./route-options.ts";

/** What `Cache-Status` says beside the outcome. */
export interface CacheStatusOptions {
  /** What this cache is called. Default: `caching-route`. */
  readonly name?: string;
  /** Whether the hashed key is told. Default: false. */
  readonly key?: boolean;
}

/** What a cache is made of; everything is optional. */
export interface CacheOptions {
  /** Where entries live. Default: the memory of the process, 64 MiB at most. */
  store?: Store;
  /** What every key begins with. Default: none. */
  namespace?: string;
  /** What a route's `namespace` does: it is appended (`"concat"`, default: `"api:users"`) or put in place of this one. */
  namespacePolicy?: "concat" | "replace";
  /** The one-word response header. Default: `X-Cache` with `HIT` and `MISS`; what is left out keeps its default. */
  statusHeader?: Partial<StatusHeader> | false;
  /**
   * The name under which `Cache-Status` speaks of this cache (RFC 9211); false: no such field. With `key`, each member
   * says which entry it speaks of, by a hash under the cache's `secret` and never by the key itself (RFC 9211 §2.7).
   * Default: `{ name: "caching-route", key: false }`; what is left out keeps its default.
   */
  cacheStatus?: CacheStatusOptions | string | boolean;
  /** What routes say where they say nothing. */
  defaults?: RouteOptions;
  /** Where time comes from. Default: the machine. */
  clock?: Clock;
  /** Where chance comes from: a number from 0 up to 1. Default: `Math.random`. */
  random?: () => number;
  /**
   * Is told of failures that fail no request: a store's, and those of refreshes behind the clients' backs. Default: a
   * warning on the console, at most one in ten seconds.
   */
  onError?: OnError;
  /**
   * Is told, once per route and reason, why a response was not stored. Default: the console, and nothing where
   * `NODE_ENV` is `production`. False: nothing.
   */
  reporter?: Reporter | false;
  /** How long a store may take, in seconds, before a request goes on without it. Default: 0.25. */
  storeTimeout?: number;
  /** Keys the hashes of principals. Processes that share a store need the same one. Default: random. */
  secret?: string;
}

const KNOWN: Readonly<Record<keyof Required<CacheOptions>, (value: unknown) => string | undefined>> = {
  store: (value) =>
    isStore(value) ? undefined : "a store, such as memoryStore(): a name, get, set, delete and clear",
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
  clock: (value) =>
    hasMethods(value, ["now", "schedule"]) ? undefined : "a clock: now() and schedule(callback, ms)",
  random: (value) =>
    typeof value === "function" ? undefined : "a function that returns a number from 0 up to 1",
  onError: (value) => (typeof value === "function" ? undefined : "a function of the error and the failure"),
  reporter: (value) =>
    value === false || typeof value === "function" ? undefined : "a function of the report, or false",
  storeTimeout: (value) =>
    typeof value === "number" && value > 0 && value <= LONGEST_TIMEOUT
      ? undefined
      : `seconds above 0, at most ${LONGEST_TIMEOUT}`,
  secret: (value) => (isText(value) ? undefined : "a non-empty string"),
};

/** An hour: a timer of more than 24 days would fire at once. */
const LONGEST_TIMEOUT = 3600;

const WHERE = "createCache";

/** Checks what a cache is made of. Throws as `checkRouteOptions` does. */
export function checkCacheOptions(options: CacheOptions): void {
  const known = Object.keys(KNOWN);
  for (const [name, value] of checkedOptions(options, WHERE, {
    known,
    example: "{ store: memoryStore() }",
  })) {
    const expected = KNOWN[name as keyof CacheOptions](value);
    if (expected !== undefined) throw invalid(WHERE, name, value, expected);
  }
  if (options.defaults === undefined) return;
  checkRouteOptions(options.defaults, `${WHERE} defaults`);
  const { route } = options.defaults;
  // One name for all routes would be none.
  if (route !== undefined) throw invalid(`${WHERE} defaults`, "route", route, "it on each route");
}

/** What a cache says for all its routes, complete. */
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
    defaults: Object.freeze({ ...options.defaults }),
  });
}

function isStore(value: unknown): boolean {
  // A Map has the methods, and would never be a hit.
  return storeOrCache(value) === "store" && isText((value as { readonly name?: unknown }).name);
}

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
