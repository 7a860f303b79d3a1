import type { Patience } from "../contract/platform.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import type { RunParts } from "../fill/run.ts";
import { Flights } from "../flight/flights.ts";
import { RefreshBackoff } from "../flight/refresh-backoff.ts";
import type { ReadableStore } from "../lookup/guarded-store.ts";
import { softened } from "../freshness/softened.ts";
import { staleWindows } from "../freshness/stale-windows.ts";
import type { WindowPolicy } from "../freshness/stale-windows.ts";
import { Lookup } from "../lookup/lookup.ts";
import type { Found } from "../lookup/lookup.ts";
import { Responder } from "../reply/representation.ts";
import { readHead } from "../storing/response-head.ts";
import type { Context } from "./context.ts";

/** Returns the parts that all requests of a cache share: those given, and those that the core makes itself. */
export function partsOf(given: Omit<RunParts, "flights" | "backoff" | "responder">): RunParts {
  return {
    ...given,
    flights: new Flights(given.digest),
    backoff: new RefreshBackoff(given.digest),
    responder: new Responder(),
  };
}

/**
 * Returns what the store returned as it is now: undefined if it was purged, though the store may still return it, or if
 * nobody knows; stale if it was softly invalidated.
 */
export function storedEntry(
  { fence, ledger, log, blindMs }: Pick<RunParts, "fence" | "ledger" | "log" | "blindMs">,
  entry: Entry,
  now: number,
  policy?: Partial<WindowPolicy>,
): Entry | undefined {
  if (fence.isRemoving(entry.key) || log?.mayServe(blindMs) === false) return undefined;
  return markedEntry(ledger, entry, now, policy);
}

/**
 * Returns an entry as invalidations make it: undefined if it is dead, stale if it was softly invalidated. Without a `policy`, an
 * entry with an endless lifetime has no stale windows then. `arrival`, for `Ledger.isDead`: when the request arrived whose
 * response it is.
 */
export function markedEntry(
  ledger: RunParts["ledger"],
  entry: Entry,
  now: number,
  { scope, staleWhileRevalidateMs, staleIfErrorMs }: Partial<WindowPolicy> = {},
  arrival?: number,
): Entry | undefined {
  if (ledger.isDead(entry, arrival)) return undefined;
  const since = ledger.staleSince(entry, arrival);
  if (since === undefined) return entry;
  return softened(entry, Math.min(since, now), (staleAt) => {
    const policy = { scope, staleWhileRevalidateMs, staleIfErrorMs };
    return staleWindows(readHead({ status: entry.status, fields: entry.fields }), policy, staleAt);
  });
}

/** Returns how long one request may wait for the log: a poll that was under way before, and one that fails, take two deadlines. */
export function patienceOf(readMs: number): Patience {
  return { leftMs: 2 * readMs };
}

/** Returns a lookup in `store`. An entry that was purged is a miss. */
export function lookupIn(
  store: ReadableStore,
  parts: Pick<RunParts, "fence" | "ledger" | "log" | "blindMs" | "readMs">,
): Lookup {
  const { log, blindMs, readMs } = parts;
  return new Lookup(
    // What was purged elsewhere is known before it is judged. What must not be served need not be read.
    log === undefined
      ? store
      : {
          get: (key, choose, look, patience = patienceOf(readMs)) =>
            log.look(() => (log.isBlindFor(blindMs) ? undefined : store.get(key, choose, look)), patience),
        },
    () => store.distrust(),
    (entry, now, rule) => storedEntry(parts, entry, now, rule),
  );
}

const NOTHING: Found = Object.freeze({ entry: undefined, vary: [] });

/**
 * Returns what is stored for a request. Without asking the store, nothing, where the route keeps nothing. Without `needsBody`,
 * the entry may be bare.
 */
export function findIn<Native>(
  lookup: Lookup,
  { key, choose, policy, patience }: Context<Native>,
  now: number,
  needsBody = true,
): MaybePromise<Found> {
  return policy.keeps ? lookup.find(key.resource, choose, now, policy, needsBody, patience) : NOTHING;
}
