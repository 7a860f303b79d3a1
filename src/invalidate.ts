import { CacheError, show } from "./core/contract/errors.ts";
import type { OnError } from "./core/contract/outcomes.ts";
import type { Clock, Digest } from "./core/contract/platform.ts";
import type { Store } from "./core/contract/store.ts";
import type { Exchange } from "./core/exchange/exchange.ts";
import type { Reports } from "./core/explain/reports.ts";
import type { Routes } from "./core/explain/routes.ts";
import { Ledger } from "./core/invalidation/ledger.ts";
import type { Marker } from "./core/invalidation/ledger.ts";
import { LogCallers } from "./core/invalidation/log-callers.ts";
import { MarkLog } from "./core/invalidation/mark-log.ts";
import { EVERYTHING, keyName, softName } from "./core/invalidation/names.ts";
import type { Name } from "./core/invalidation/names.ts";
import { PurgeFence } from "./core/invalidation/purge-fence.ts";
import { isSoft, namesIn } from "./core/invalidation/which.ts";
import type { Invalidated, Softly, Which } from "./core/invalidation/which.ts";
import type { GuardedStore } from "./core/lookup/guarded-store.ts";
import type { InNamespace } from "./core/storing/manual-entry.ts";

/** The parts of a cache that an invalidation needs. */
export interface InvalidationParts {
  readonly backing: Store;
  readonly store: Pick<GuardedStore, "stats">;
  readonly marker: Marker;
  /** Whether an invalidation by anything but a key reaches all who read the store. */
  readonly canMark: boolean;
  readonly exchange: Pick<Exchange, "remove" | "clear">;
  readonly routes: Routes;
  readonly reports: Reports | undefined;
  readonly digest: Digest;
  /** Returns a namespace as the keys have it: that of the cache and this one, joined. */
  qualified(namespace: string | undefined): string;
  /** Returns the resource of a key. Throws if key or namespace are wrong. */
  resourceOf(key: string, where: InNamespace | undefined): string;
}

/** Invalidates by everything that a cache has names for: `cache.invalidate` and `cache.clear`. */
export class Invalidator {
  readonly #parts: InvalidationParts;

  constructor(parts: InvalidationParts) {
    this.#parts = parts;
  }

  /** Invalidates what has a key, or all that {@link Which} names. A store that fails does not make it reject. */
  async invalidate(which: string | Which, how?: InNamespace & Softly): Promise<Invalidated> {
    if (typeof which !== "object" || which === null) return this.#byKey(which, how);
    const { routes, digest, qualified } = this.#parts;
    const known = {
      digest,
      qualified,
      pathOf: (route: string) => routes.pathOf(route),
      routes: () => routes.paths(),
    };
    const names = namesIn(which, known);
    const isSoftly = isSoft(how);
    this.#mustMark();
    this.#reportUnknown(which);
    return this.#mark(isSoftly ? names.map(softName) : names);
  }

  /** Invalidates everything. */
  async clear(how?: Softly): Promise<Invalidated> {
    const { routes, store, exchange, canMark } = this.#parts;
    if (isSoft(how, "cache.clear")) {
      this.#mustMark();
      return this.#mark([softName(EVERYTHING)]);
    }
    routes.forget();
    const marked = this.#mark([EVERYTHING]);
    const removed = store.stats().entries;
    // A store of many keys takes long, and goes on after its deadline.
    const isCleared = await exchange.clear();
    const { everywhere } = await marked;
    return {
      ...(isCleared && removed !== undefined && { removed }),
      everywhere: canMark ? everywhere : isCleared,
    };
  }

  async #byKey(key: string, how: (InNamespace & Softly) | undefined): Promise<Invalidated> {
    const { exchange, resourceOf, canMark } = this.#parts;
    const resource = resourceOf(key, how);
    if (isSoft({ soft: how?.soft ?? false })) {
      this.#mustMark();
      return this.#mark([softName(keyName(resource))]);
    }
    const { removed, position } = await exchange.remove(resource);
    if (removed === 0) this.#reportMissing(key, how);
    return {
      ...(removed !== undefined && { removed }),
      everywhere: canMark ? position !== undefined : removed !== undefined,
    };
  }

  async #mark(names: readonly Name[]): Promise<Invalidated> {
    return { everywhere: (await this.#parts.marker.mark(names)) !== undefined };
  }

  #mustMark(): void {
    if (!this.#parts.canMark) throw cannotMark(this.#parts.backing);
  }

  /** The usual causes are a forgotten namespace, and a URL in place of a key. */
  #reportMissing(key: string, where: InNamespace | undefined): void {
    const { reports } = this.#parts;
    if (/^(\/|https?:)/i.test(key)) {
      reports?.nothingInvalidated(
        show(key),
        "nothing",
        `nothing is stored under this key; ${remedyOfUrl(key)}`,
      );
      return;
    }
    const given = where?.namespace ?? "";
    const asked =
      given === "" ? "this key, and no namespace was given" : `this key in the namespace ${show(given)}`;
    const others = this.#namespaces().filter((name) => name !== given);
    const have = others.length === 0 ? "" : `; the namespaces here are ${listed(others)}`;
    reports?.nothingInvalidated(
      show(key),
      "nothing",
      `nothing is stored under ${asked}${have}; give that of the route, and what its "key" returns`,
    );
  }

  #reportUnknown(which: Which): void {
    const { routes, reports, qualified } = this.#parts;
    if ("route" in which && !routes.has(which.route)) {
      const url = /^\/[^:*({]*$/.test(which.route) ? `; ${remedyOfUrl(which.route)}` : "";
      reports?.nothingInvalidated(
        `{ route: ${show(which.route)} }`,
        "no such route",
        `${routesIn(routes.paths())}${url}`,
      );
    }
    if ("namespace" in which && !routes.namespaces().includes(qualified(which.namespace))) {
      const names = this.#namespaces();
      const why =
        names.length === 0 ? "no route here has a namespace" : `the namespaces here are ${listed(names)}`;
      reports?.nothingInvalidated(`{ namespace: ${show(which.namespace)} }`, "no such namespace", why);
    }
  }

  /** Returns the namespaces of the routes here, as an application gives them: without that of the cache. */
  #namespaces(): readonly string[] {
    const { routes, qualified } = this.#parts;
    const own = qualified(undefined);
    return routes.namespaces().flatMap((name) => {
      if (name === own) return [];
      const given = name.slice(own.length + 1);
      return own !== "" && qualified(given) === name ? given : name;
    });
  }
}

/** The error where an invalidation cannot reach the other processes that share a store. */
export function cannotMark({ name }: Store): CacheError {
  return new CacheError(
    "ERR_CACHE_INVALIDATE",
    `the store ${show(name)} is shared by processes and cannot tell them what was invalidated, because it has no "marks"; ` +
      "give the route a key and invalidate that, or take a store with marks, or one that is this process's own",
  );
}

/** What a cache knows of invalidations. */
export interface Invalidations {
  readonly ledger: Ledger;
  /** The log that the ledger follows. Undefined: processes do not share the store, or it has no log. */
  readonly log: MarkLog | undefined;
  /** Sends what is pending once more, and stops all timers, unless another cache needs them. Takes `mostMs` at most. */
  close(mostMs: number): Promise<void>;
}

interface Followed {
  readonly log: MarkLog;
  readonly callers: LogCallers;
}

/** The ledgers and logs of stores. Registered, so that two copies of the package share them. */
const LEDGERS: unique symbol = Symbol.for("caching-route.ledgers.1") as never;
const LOGS: unique symbol = Symbol.for("caching-route.logs.1") as never;

/** Returns what is known of invalidations in a store. Caches of this process on one store have the same. */
export function invalidationsOf(
  store: Store,
  guard: GuardedStore,
  clock: Clock,
  onError: OnError,
): Invalidations {
  if (guard.isShared && guard.hasMarks) return logOf(store, guard, clock, onError);
  const now = (): number => clock.now();
  const ledger = guard.isShared ? new Ledger(now, undefined, "unseen") : ledgerOf(store, now);
  return { ledger, log: undefined, close: async () => undefined };
}

function ledgerOf(store: Store, now: () => number): Ledger {
  const shared = globalThis as { [LEDGERS]?: WeakMap<Store, Ledger> };
  const ledgers = (shared[LEDGERS] ??= new WeakMap());
  const known = ledgers.get(store) ?? new Ledger(now);
  ledgers.set(store, known);
  return known;
}

function logOf(store: Store, guard: GuardedStore, clock: Clock, onError: OnError): Invalidations {
  const shared = globalThis as { [LOGS]?: WeakMap<Store, Followed> };
  const logs = (shared[LOGS] ??= new WeakMap());
  const { log, callers } = logs.get(store) ?? followed(store, clock, onError);
  logs.set(store, { log, callers });
  callers.join(guard);
  return {
    ledger: log.ledger,
    log,
    async close(mostMs) {
      if (callers.isLast(guard)) {
        logs.delete(store);
        await log.close(mostMs);
      }
      callers.leave(guard);
    },
  };
}

function followed(store: Store, clock: Clock, onError: OnError): Followed {
  const ledger = new Ledger(() => clock.now(), undefined, "log");
  const lost = (error: CacheError): void => onError(error, { operation: "marks", store: store.name });
  const callers: LogCallers = new LogCallers(() => log.probe());
  const log: MarkLog = new MarkLog(ledger, callers, clock, lost);
  return { log, callers };
}

/** The fences of stores, for the same reason. */
const FENCES: unique symbol = Symbol.for("caching-route.fences.1") as never;

/** Returns the fence of a store. A removal by one cache keeps the others on the store from storing what they read before. */
export function fenceOf(store: Store): PurgeFence {
  const shared = globalThis as { [FENCES]?: WeakMap<Store, PurgeFence> };
  const fences = (shared[FENCES] ??= new WeakMap());
  const known = fences.get(store) ?? new PurgeFence();
  fences.set(store, known);
  return known;
}

/** Returns the routes of a cache, by their paths or names, in words. */
function routesIn(paths: readonly string[]): string {
  if (paths.length === 0) return "this cache has no routes yet";
  const unknown = paths.every((path) => path.startsWith("/"))
    ? ""
    : "; in Express a route is known from its first request on, and with fetch it has a name alone";
  return `the routes here are ${paths.join(" | ")}${unknown}`;
}

function remedyOfUrl(url: string): string {
  return `for a URL, write cache.invalidate({ url: ${show(url)} })`;
}

function listed(names: readonly string[]): string {
  return names.map((name) => show(name)).join(", ");
}
