import { checkCacheOptions, settingsOf } from "./core/cache-options.ts";
import type { CacheOptions } from "./core/cache-options.ts";
import { CacheError, show } from "./core/errors.ts";
import type { OnError, Outcome, Refusal } from "./core/events.ts";
import { Exchange } from "./core/exchange.ts";
import { isFresh } from "./core/freshness.ts";
import { Lookup } from "./core/lookup.ts";
import { namedEntry, plainVariant, uriResourcePrefix } from "./core/key.ts";
import { manualEntry, storedResponse } from "./core/manual.ts";
import { Names } from "./core/names.ts";
import type { ManualResponse } from "./core/manual.ts";
import type { RouteOptions } from "./core/options.ts";
import { qualifiedNamespace, resolvePolicy } from "./core/policy.ts";
import type { RouteContext } from "./core/policy.ts";
import { Reports } from "./core/report.ts";
import type { StoreStats } from "./core/store.ts";
import { StoreCalls } from "./core/store-calls.ts";
import type { Begin, DeclaredQuery, Policy, StoredResponse } from "./core/types.ts";
import {
  consoleReporter,
  guarded,
  isProduction,
  platformDigest,
  randomSecret,
  systemClock,
  throttledWarning,
} from "./platform.ts";
import { memoryStore } from "./stores/memory.ts";

/** Which namespace a key is in; the cache's own namespace policy applies. */
export interface InNamespace {
  readonly namespace?: string;
}

/** What has happened since the cache was made. */
export interface CacheStats {
  /** Requests by how they were answered. */
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Responses that were not looked up or not stored, by reason. */
  readonly refusals: Readonly<Partial<Record<Refusal, number>>>;
  /** Responses that were stored. */
  readonly stored: number;
  /** Store calls that failed or took too long. */
  readonly storeErrors: number;
  /** What the store says of itself, where it says something. */
  readonly store: StoreStats | undefined;
}

/** A store, defaults and counters. It knows no framework: adapters bring requests to it. */
export interface Cache {
  /** Reads the fresh response that is stored under a key of a route's `key` function; undefined if there is none. */
  get(key: string, where?: InNamespace): Promise<StoredResponse | undefined>;
  /**
   * Puts a response under such a key, for `ttl` seconds (default 60); answers whether the store took it.
   * Throws `ERR_CACHE_RESPONSE` if it could not be sent.
   */
  set(
    key: string,
    response: ManualResponse,
    where?: InNamespace & { readonly ttl?: number },
  ): Promise<boolean>;
  /**
   * Forgets what is stored under such a key: every method, principal and variant of it. Answers how many responses
   * that were. A handler that is running now can no longer store what it found before.
   */
  invalidate(key: string, where?: InNamespace): Promise<number>;
  /** Forgets everything; answers whether the store did so. */
  clear(): Promise<boolean>;
  /** Answers the counters. */
  stats(): CacheStats;
}

/** What an adapter asks of a cache. */
export interface Engine {
  /** Resolves a route's options. Throws where they are wrong. */
  policy<Native>(options: RouteOptions<Native>, context: RouteContext): Policy<Native>;
  /** The core's verb. */
  readonly begin: Begin;
}

/** Where a cache keeps its engine; registered, so that the ESM and the CommonJS copy of the package agree. */
const ENGINE: unique symbol = Symbol.for("caching-route.engine") as never;

/** Answers the engine of a cache. Throws `ERR_CACHE_NOT_A_CACHE` for anything that `createCache` did not make. */
export function engineOf(cache: Cache): Engine {
  const engine = (cache as { [ENGINE]?: Engine } | null | undefined)?.[ENGINE];
  if (engine !== undefined) return engine;
  throw new CacheError(
    "ERR_CACHE_NOT_A_CACHE",
    `expected the cache that createCache() returns, and got ${show(cache)}`,
  );
}

/**
 * Makes a cache. Throws `ERR_CACHE_OPTION_UNKNOWN`, `ERR_CACHE_OPTION_LATER` or `ERR_CACHE_OPTION_INVALID` where an
 * option is wrong.
 */
export function createCache(options: CacheOptions = {}): Cache {
  checkCacheOptions(options);
  const settings = settingsOf(options);
  const clock = options.clock ?? systemClock;
  const secret = options.secret === undefined ? randomSecret() : new TextEncoder().encode(options.secret);
  const digest = platformDigest(secret);
  const { reporter = isProduction() ? false : consoleReporter } = options;
  const reports = reporter === false ? undefined : new Reports(guarded(reporter));
  const counters = newCounters();
  const tellError = guarded(options.onError ?? throttledWarning(clock));
  const onError: OnError = (error, failure) => {
    counters.storeErrors++;
    tellError(error, failure);
  };
  const backing = options.store ?? memoryStore();
  const store = new StoreCalls(backing, clock, (options.storeTimeout ?? 0.25) * 1000, onError);
  const exchange = new Exchange({
    store,
    clock,
    digest,
    count: (outcome) => void counters.outcomes[outcome]++,
    refused: (route, reason) => {
      counters.refusals[reason] = (counters.refusals[reason] ?? 0) + 1;
      reports?.tell(route, reason);
    },
    stored: () => void counters.stored++,
  });
  const lookup = new Lookup(store, () => store.distrust());
  const named = (key: string, where: InNamespace | undefined): ReturnType<typeof namedEntry> =>
    namedEntry(key, qualifiedNamespace(where?.namespace, settings));
  const engine: Engine = {
    policy: (route, context) => resolvePolicy(route, settings, context, namesOf),
    begin: (request, policy) => exchange.begin(request, policy),
  };
  const cache: Cache & { readonly [ENGINE]: Engine } = {
    async get(key, where) {
      const { resource, selector } = named(key, where);
      const { entry } = await lookup.find(resource, plainVariant(selector), clock.now());
      return entry !== undefined && isFresh(entry, clock.now()) ? storedResponse(entry) : undefined;
    },
    async set(key, response, where) {
      const entry = manualEntry(named(key, where), response, where?.ttl ?? 60, clock.now(), digest);
      exchange.purge(entry.key);
      return store.set(entry);
    },
    async invalidate(key, where) {
      const { resource } = named(key, where);
      exchange.purge(resource);
      return store.delete(resource);
    },
    async clear() {
      exchange.purgeAll();
      return store.clear();
    },
    stats: () => ({
      outcomes: { ...counters.outcomes },
      refusals: { ...counters.refusals },
      stored: counters.stored,
      storeErrors: counters.storeErrors,
      store: backing.stats?.(),
    }),
    [ENGINE]: engine,
  };
  return Object.freeze(cache);
}

function namesOf(namespace: string, query: DeclaredQuery | undefined): Names {
  return new Names(uriResourcePrefix(namespace, "GET", "", ""), query);
}

interface Counters {
  readonly outcomes: Record<Outcome, number>;
  readonly refusals: Partial<Record<Refusal, number>>;
  stored: number;
  storeErrors: number;
}

function newCounters(): Counters {
  const outcomes = { hit: 0, stale: 0, revalidated: 0, miss: 0, collapsed: 0, bypass: 0 };
  return { outcomes, refusals: {}, stored: 0, storeErrors: 0 };
}
