import { CacheError, isThenable, show } from "./core/contract/errors.ts";
import { storeOrCache } from "./core/contract/options.ts";
import type { Begin, DeclaredQuery, Policy, StoredResponse } from "./core/contract/request-and-policy.ts";
import { Exchange } from "./core/exchange/exchange.ts";
import { lookupIn, partsOf } from "./core/exchange/parts.ts";
import type { ExplainRequest } from "./core/explain/described-request.ts";
import { Counters } from "./core/explain/counters.ts";
import type { Counts } from "./core/explain/counters.ts";
import { explain } from "./core/explain/explain.ts";
import type { Explanation } from "./core/explain/explanation.ts";
import { Reports } from "./core/explain/reports.ts";
import { Routes } from "./core/explain/routes.ts";
import { entryByHand } from "./core/fill/put-by-hand.ts";
import { isFresh } from "./core/freshness/freshness.ts";
import { boundedWrite } from "./core/invalidation/bounded-write.ts";
import { KEYS_KEPT_MS } from "./core/invalidation/log-reader.ts";
import type { Invalidated, Softly, Which } from "./core/invalidation/which.ts";
import { invalidationOf } from "./core/invalidation/writes.ts";
import type { Invalidates, Invalidation, WriteContext } from "./core/invalidation/writes.ts";
import { GuardedStore } from "./core/lookup/guarded-store.ts";
import type { StoreState } from "./core/lookup/store-state.ts";
import { checkCacheOptions, deadlinesOf, settingsOf } from "./core/policy/cache-options.ts";
import type { CacheOptions } from "./core/policy/cache-options.ts";
import { qualifiedNamespace, resolvePolicy } from "./core/policy/policy.ts";
import type { PolicyParts, RouteContext } from "./core/policy/policy.ts";
import type { RouteOptions } from "./core/policy/route-options.ts";
import { namedEntry, plainVariant, routeSelector, uriResourcePrefix } from "./core/request/cache-key.ts";
import { SearchRules, TargetCache } from "./core/request/normalized-target.ts";
import { manualRoute, namespaceIn, storedResponse } from "./core/storing/manual-entry.ts";
import type { InNamespace, ManualOptions, ManualResponse } from "./core/storing/manual-entry.ts";
import { cannotMark, Invalidator, fenceOf, invalidationsOf } from "./invalidate.ts";
import {
  consoleReporter,
  forwardClock,
  guarded,
  isProduction,
  platformDigest,
  randomSecret,
  steadyClock,
  steadyRandom,
  systemClock,
  throttledWarning,
  uniqueTexts,
} from "./platform.ts";
import { memoryStore } from "./stores/memory.ts";

/** The counters of a cache since it was created, and the state of its store. */
export interface CacheStats extends Counts {
  /** How many calls of the store failed or exceeded `storeTimeout`, reported or not. */
  readonly storeErrors: number;
  /** The state of the store, and its size. */
  readonly store: StoreState;
}

/**
 * A cache, as `createCache` returns it. It is given to the `cacheRoute` of an adapter.
 *
 * @example
 * await cache.invalidate("user:1", { namespace: "users" });
 */
export interface Cache {
  /**
   * Returns the fresh response under the key that a route's `key` function returned: of a GET, without a principal, and
   * for a request without any of the fields that it varies by. Undefined: there is none. Rejects with
   * `ERR_CACHE_KEY` for anything but a non-empty string.
   *
   * @example
   * const user = await cache.get("user:1", { namespace: "users" });
   */
  get(key: string, where?: InNamespace): Promise<StoredResponse | undefined>;
  /**
   * Stores a response under such a key, as the one that `get` returns. Other variants stay, unless their `Vary` differs. A
   * handler that is running for the key in this process now stores nothing. Returns whether it is stored: the store kept
   * it, and it was not invalidated meanwhile. Rejects with `ERR_CACHE_RESPONSE` if the response could not be sent or forbids
   * storing it, and with `ERR_CACHE_KEY`, `ERR_CACHE_TAGS` or `ERR_CACHE_OPTION_INVALID` for a wrong argument.
   *
   * @example
   * await cache.set("user:1", { body: "{}" }, { namespace: "users", ttl: 60 });
   */
  set(key: string, response: ManualResponse, where?: ManualOptions): Promise<boolean>;
  /**
   * Removes everything that is stored under such a key: every method, principal and variant. A handler that is running for
   * the key now stores nothing. Rejects with `ERR_CACHE_KEY` for anything but a non-empty string. It never rejects because a
   * store fails.
   *
   * With `{ soft: true }`, these responses become stale and stay stored: `staleWhileRevalidate` and `staleIfError` count
   * from then on. Rejects with `ERR_CACHE_INVALIDATE` if processes share a store without `marks`.
   */
  invalidate(key: string, where?: InNamespace & Softly): Promise<Invalidated>;
  /**
   * Invalidates every response that has one of these tags, or that belongs to this route, URL or namespace. The cost does
   * not depend on how many they are, so they are not counted. A handler that is running now stores nothing for them.
   * Rejects with `ERR_CACHE_TAGS` for tags other than non-empty text, with `ERR_CACHE_INVALIDATE` for anything else that
   * names nothing, or if processes share a store without `marks`, and with `ERR_CACHE_OPTION_UNKNOWN` or
   * `ERR_CACHE_OPTION_INVALID` for wrong options.
   *
   * @example
   * await cache.invalidate({ tag: "reports" }, { soft: true });
   * await cache.invalidate({ route: "/users/:id", params: { id: 7 } });
   * await cache.invalidate({ url: "/users/7" });
   * await cache.invalidate({ namespace: "users" });
   */
  invalidate<const Route extends string>(which: Which<Route>, how?: Softly): Promise<Invalidated>;
  /**
   * Removes everything that is stored. With `{ soft: true }` it becomes stale, and stays stored: then it rejects with
   * `ERR_CACHE_INVALIDATE` if processes share a store without `marks`.
   */
  clear(how?: Softly): Promise<Invalidated>;
  /** Returns the counters, and the state of the store. */
  stats(): CacheStats;
  /**
   * Ends the use of the store. Sends invalidations once more that have failed, waits until the store has finished what it was
   * called for, and stops all timers. That takes at most twice `storeTimeout.write`. From then on every request is a miss, and
   * nothing is stored. The store's client is yours: close it after this. May be called again. Never rejects.
   *
   * @example
   * process.once("SIGTERM", async () => {
   *   await app.close();
   *   await cache.close();
   *   await client.close();
   * });
   */
  close(): Promise<void>;
  /**
   * Returns what would happen to a request, and why. Nothing is counted, reported, stored or waited for. The store is read,
   * which counts as a use of the entry in a memory store.
   *
   * `route` is the route's name in messages, such as `GET /reports/:id`. Default: the only route that method and path fit.
   * Rejects with `ERR_CACHE_EXPLAIN`, with the names, if none or several fit.
   *
   * @example
   * const { outcome, text } = await cache.explain({ url: "https://example.org/reports/7" });
   */
  explain(request: ExplainRequest, by?: { readonly route?: string }): Promise<Explanation>;
}

/** The part of a cache that adapters use. */
export interface Engine {
  /** Resolves the options of a route into its policy, when it is declared. Throws a `CacheError` if one is wrong. */
  policy<Native>(options: RouteOptions<Native, never[]>, context: RouteContext): Policy<Native>;
  /** Decides what happens to a request. */
  readonly begin: Begin;
  /** Returns the `arrivedAt` of a request that arrives now: its place in the order of all invalidations. */
  arrival(): number;
  /**
   * Returns what to call at the end of each write of a route. Throws `ERR_CACHE_OPTION_INVALID` for anything but tags or
   * a function.
   *
   * @example
   * const invalidate = engine.invalidates(["todos"], { route: "POST /todos", option: "invalidates" });
   * await invalidate({ status: 201 });
   */
  invalidates<Given extends readonly unknown[]>(
    invalidates: Invalidates<Given>,
    context: WriteContext<Given>,
  ): Invalidation<Given>;
}

/**
 * The property that holds the engine of a cache. Registered, so that all copies of the package share it. It ends in a
 * number, which changes when another version of the package could not use the engine.
 */
const ENGINE: unique symbol = Symbol.for("caching-route.engine.1") as never;

/**
 * Returns the engine of a cache. Throws `ERR_CACHE_NOT_A_CACHE` for anything that `createCache` did not make. `others` are
 * the arguments after it, in which a cache in the wrong place is recognised; `write` is how to give it, for the message.
 */
export function engineOf(cache: Cache, others: readonly unknown[] = [], write?: string): Engine {
  const engine = engineIn(cache);
  if (engine !== undefined) return engine;
  throw new CacheError(
    "ERR_CACHE_NOT_A_CACHE",
    `expected the cache that createCache() returns, and got ${describe(cache, others, write)}`,
  );
}

function engineIn(value: unknown): Engine | undefined {
  return (value as { [ENGINE]?: Engine } | null | undefined)?.[ENGINE];
}

/** Describes what was given in place of a cache, with the remedy where the mistake is a usual one. */
function describe(value: unknown, others: readonly unknown[], write: string | undefined): string {
  if (typeof value === "function" && value.name === "createCache")
    return "createCache itself; call it: createCache()";
  if (isThenable(value)) return "a Promise; await it first";
  if (storeOrCache(value) === "store") return "a store; write createCache({ store })";
  const shown = show(value);
  if (others.some((other) => engineIn(other) !== undefined))
    return `${shown}, with the cache behind it; the arguments are swapped: the cache comes first, then the options`;
  const inner = engineIn((value as { readonly cache?: unknown } | null | undefined)?.cache);
  if (inner !== undefined) return "an object that holds it; write the cache first, then the options";
  return write === undefined ? shown : `${shown}; write ${write}`;
}

/** Returns the digest that an entity tag of these bytes is made of: 128 bits in base64url, the same in every process. */
export function contentDigest(bytes: Uint8Array): string {
  return platformDigest(new Uint8Array()).of(bytes);
}

/**
 * Creates a cache. Without options it keeps at most 64 MiB in this process. Throws `ERR_CACHE_OPTION_UNKNOWN`,
 * `ERR_CACHE_OPTION_LATER` or `ERR_CACHE_OPTION_INVALID` if an option is wrong.
 *
 * @example
 * const cache = createCache({ namespace: "reports", storeTimeout: { read: 0.05 } });
 */
export function createCache(options: CacheOptions = {}): Cache {
  checkCacheOptions(options);
  const settings = settingsOf(options);
  const given = options.clock ?? systemClock;
  // The clock that limits warnings must not warn of its own failures.
  const tellError = guarded(options.onError ?? throttledWarning(steadyClock(given, () => undefined)));
  const forward = forwardClock(given);
  const clock = given === systemClock ? forward.clock : steadyClock(forward.clock, tellError);
  const secret = options.secret === undefined ? randomSecret() : new TextEncoder().encode(options.secret);
  const digest = platformDigest(secret);
  const { reporter = isProduction() ? false : consoleReporter } = options;
  const reports = reporter === false ? undefined : new Reports(guarded(reporter));
  reports?.durations("", "createCache defaults", options.defaults ?? {});
  const counters = new Counters();
  const backing = options.store ?? memoryStore();
  const deadlines = deadlinesOf(options.storeTimeout);
  const store = new GuardedStore(backing, clock, deadlines, tellError);
  const routes = new Routes(uniqueTexts(), (name, route) => reports?.sameName(name, route));
  const invalidations = invalidationsOf(backing, store, clock, tellError);
  const { ledger, log } = invalidations;
  const marker = log ?? ledger;
  const arrival = (): number => log?.arrive() ?? ledger.position;
  // Without an order of invalidations that all processes see, what one invalidates others would go on to serve.
  const canMark = !backing.shared || log !== undefined;
  const parts = partsOf({
    store,
    clock,
    aheadMs: () => forward.aheadMs(),
    ledger,
    log,
    arrival,
    blindMs: (options.blind ?? 5) * 1000,
    longestFillMs: backing.shared ? KEYS_KEPT_MS : Infinity,
    readMs: deadlines.readMs,
    writeMs: deadlines.writeMs,
    fence: fenceOf(backing),
    canMark,
    digest,
    targetsOf: (policy) => routes.targetsOf(policy),
    sameKey: (first, second, key) => reports?.sameKey(first, second, key),
    count: (outcome) => counters.count(outcome),
    refused: (policy, reason, isMistake = true) => {
      counters.refused(reason);
      if (isMistake) reports?.refusal(policy, reason);
    },
    undeclared: (route, names) => reports?.undeclared(route, names),
    stored: () => counters.stored(),
    refreshed: () => counters.refreshed(),
    refreshFailed: (route, error) => tellError(error, { operation: "refresh", route }),
    random: options.random === undefined ? Math.random : steadyRandom(options.random, tellError),
  });
  const exchange = new Exchange(parts);
  const lookup = lookupIn(store, parts);
  const named = (key: string, where: InNamespace | undefined, call: string): ReturnType<typeof namedEntry> =>
    namedEntry(key, qualifiedNamespace(namespaceIn(where, call), settings));
  const invalidator = new Invalidator({
    backing,
    store,
    marker,
    canMark,
    exchange,
    routes,
    reports,
    digest,
    qualified: (namespace) => qualifiedNamespace(namespace, settings),
    resourceOf: (key, where) => named(key, where, "cache.invalidate").resource,
  });
  const targetsOf = targetsIn(new SearchRules());
  const byRoute: PolicyParts = {
    targets: targetsOf,
    name(wanted, namespace, { route, declaration, place }) {
      const name = routes.name(wanted, namespace, route, place ?? declaration);
      return { name, selector: routeSelector(name, "") };
    },
  };
  const byHand: PolicyParts = { targets: targetsOf, name: () => ({ name: "cache.set", selector: "" }) };
  const engine: Engine = {
    policy: (route, context) => {
      const policy = resolvePolicy(route, settings, context, byRoute);
      // With a place it is a declaration again that was reported when it was made.
      if (context.place === undefined) reports?.durations(context.name ?? policy.route, policy.route, route);
      return routes.declare(policy, context.declaration);
    },
    begin: (request, policy) => exchange.begin(request, policy),
    arrival,
    invalidates: (invalidates, context) => {
      if (!canMark) throw cannotMark(backing);
      return boundedWrite(invalidationOf(invalidates, context, marker, tellError), clock, deadlines.writeMs);
    },
  };
  const cache: Cache & { readonly [ENGINE]: Engine } = {
    async get(key, where) {
      const { resource, selector } = named(key, where, "cache.get");
      const { entry } = await lookup.find(resource, plainVariant(selector), clock.now());
      return entry !== undefined && isFresh(entry, clock.now()) ? storedResponse(entry) : undefined;
    },
    async set(key, response, where) {
      const name = named(key, where, "cache.set");
      const policy = resolvePolicy(manualRoute(where), settings, { route: "cache.set" }, byHand);
      const at = { now: clock.now(), began: ledger.position, digest, canMark };
      const entry = entryByHand(name, response, policy, at);
      return exchange.put(
        log === undefined ? entry : { ...entry, began: await log.position(2 * deadlines.readMs) },
      );
    },
    invalidate: (which: string | Which, how?: InNamespace & Softly) => invalidator.invalidate(which, how),
    clear: (how) => invalidator.clear(how),
    explain: (asked, by) => explain({ parts, routes }, asked, by),
    stats: () => {
      // Before the failures are read: one of its own is counted.
      const state = store.stats(log?.stats());
      return { ...counters.read(), storeErrors: store.errors, store: state };
    },
    async close() {
      await invalidations.close(deadlines.writeMs);
      await store.close();
    },
    [ENGINE]: engine,
  };
  // The methods stay writable, so that tests can spy on them. Nothing here calls them through this object.
  return Object.defineProperty(cache, ENGINE, { writable: false, configurable: false });
}

/** Returns a function that makes the normalized targets of a policy. Those with `noVarySearch` share `rules`. */
function targetsIn(
  rules: SearchRules,
): (namespace: string, query: DeclaredQuery | undefined, isStrict: boolean) => TargetCache {
  return (namespace, query, isStrict) => {
    const prefix = uriResourcePrefix(namespace, "GET", "", "");
    return new TargetCache(prefix, query, undefined, isStrict, isStrict ? rules : undefined);
  };
}
