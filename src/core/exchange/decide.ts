import type { Entry } from "../contract/store.ts";
import type { Flight, Flights } from "../flight/flights.ts";
import type { RefreshBackoff } from "../flight/refresh-backoff.ts";
import { isDueEarly } from "../freshness/early-refresh.ts";
import { isFresh } from "../freshness/freshness.ts";
import { servesOnError, servesWhileRevalidating } from "../freshness/stale-windows.ts";
import type { MarkLog } from "../invalidation/mark-log.ts";
import type { Found } from "../lookup/lookup.ts";
import { flightKeyOf, validatedEntry } from "./context.ts";
import type { Context } from "./context.ts";
import { spanOf } from "./wait-budget.ts";
import type { Span, WaitBudget } from "./wait-budget.ts";

/** What to do with a request that was looked up. */
export type Course =
  /** The stored response satisfies the request. `refreshes`: an early refresh is due. */
  | { readonly kind: "hit"; readonly refreshes: boolean }
  /** The client accepts only a stored response, and none satisfies the request: 504 (RFC 9111 §5.2.1.7). */
  | { readonly kind: "unsatisfied" }
  /** The stored response is served within `stale-while-revalidate`. `refreshes`: the handler runs in the background. */
  | { readonly kind: "stale"; readonly refreshes: boolean }
  /**
   * The stored response is served within `stale-if-error`, without waiting: the last refresh has failed, or the request
   * may not wait. `refreshes`: the handler runs in the background.
   */
  | {
      readonly kind: "stand-in";
      readonly because: "failed" | "timeout";
      readonly refreshes: boolean;
    }
  /** The handler runs in the background, and the request waits for it. If it fails, the stored response is served. */
  | { readonly kind: "ask-first"; readonly span: Span }
  /** A HEAD goes to its handler. `updates`: its response freshens or removes the stored response (RFC 9111 §4.3.5). */
  | { readonly kind: "head"; readonly updates: boolean }
  /** The handler runs for this request only. */
  | { readonly kind: "alone"; readonly because: AloneReason }
  /** The handler runs, and later requests wait for it. */
  | { readonly kind: "lead" }
  /** The request waits for a run that is under way. If that fails, `stale` is served. */
  | {
      readonly kind: "wait";
      readonly flight: Flight;
      readonly span: Span;
      readonly stale: Entry | undefined;
    };

/** Why a run has no followers. */
export type AloneReason =
  /** The client forbids storing the response. */
  | "no-store"
  /** The stored response is fresh, and the client does not accept it. */
  | "not-accepted"
  /** The stored response was stale from the start, and the next one may be as well (hazard 10). */
  | "never-fresh"
  /** The request has `Authorization`, and the response may be for its user only (RFC 9111 §3.5). */
  | "authorization"
  /** The last response for this key could not be stored (hazard 10). */
  | "hit-for-miss"
  /** The handler is running for this key already, and the request may not wait, or not any longer. */
  | "no-wait";

/** What is known of all runs, and a source of random numbers. */
export interface KnownRuns {
  readonly flights: Pick<Flights, "find" | "isHitForMiss" | "isHitForMissWithoutError">;
  readonly backoff: Pick<RefreshBackoff, "isPaused">;
  /** The log of invalidations that processes share, if there is one. */
  readonly log?: Pick<MarkLog, "mayShare"> | undefined;
  /** Returns a number from 0 up to, not including, 1. Called only for an entry that may be refreshed early. */
  random(): number;
}

const HIT = Object.freeze({ kind: "hit", refreshes: false });
const HIT_AND_REFRESH = Object.freeze({ kind: "hit", refreshes: true });
const UNSATISFIED = Object.freeze({ kind: "unsatisfied" });
const STALE = Object.freeze({ kind: "stale", refreshes: false });
const STALE_AND_REFRESH = Object.freeze({ kind: "stale", refreshes: true });
const LEAD = Object.freeze({ kind: "lead" });

/**
 * Decides what to do with a request, given what was found for it. This is the only place that has the order of decisions:
 * `exchange` acts on the course, and `explain` describes it.
 *
 * It changes nothing. A hit is the usual case, so it allocates nothing and makes no flight key.
 */
export function decide<Native>(
  context: Context<Native>,
  found: Found,
  budget: WaitBudget,
  now: number,
  runs: KnownRuns,
): Course {
  const { request, policy, directives } = context;
  const { entry } = found;
  if (entry !== undefined && directives.accepts(entry, now)) {
    const isDue = !directives.noStore && isDueEarly(entry, now, policy.earlyRefresh, runs.random);
    return isDue && mayRefresh(context, found, now, runs) ? HIT_AND_REFRESH : HIT;
  }
  if (directives.onlyIfCached) return UNSATISFIED;
  if (entry !== undefined && mayBeStale(context, entry, now)) {
    if (servesWhileRevalidating(entry, now) && !directives.wantsFresh)
      return mayRefresh(context, found, now, runs) ? STALE_AND_REFRESH : STALE;
    if (budget.turns > 0 && servesOnError(entry, now)) {
      const course = decideOnError(context, found, entry, budget, now, runs);
      if (course !== undefined) return course;
    }
  }
  // HEAD never writes an entry of its own, so there is nothing to lead or to wait for (hazard 8).
  if (request.method === "HEAD") {
    const updates = !directives.noStore && validatedEntry(request, policy, entry) !== undefined;
    return { kind: "head", updates };
  }
  const because = aloneReason(context, entry, now);
  if (because !== undefined) return { kind: "alone", because };
  const flightKey = flightKeyOf(context, found);
  if (runs.flights.isHitForMiss(flightKey, now)) return { kind: "alone", because: "hit-for-miss" };
  const flight = sharedFlight(runs, flightKey);
  if (flight === undefined) return LEAD;
  const span = spanOf(policy, budget, flight.waiting, now, false);
  if (span === undefined) return { kind: "alone", because: "no-wait" };
  return { kind: "wait", flight, span, stale: undefined };
}

/** Whether a stale entry may be served in a stale window, which also needs an adapter that can refresh it. */
function mayBeStale<Native>({ request, directives }: Context<Native>, entry: Entry, now: number): boolean {
  return request.refresh !== undefined && !isFresh(entry, now) && directives.allowsStale(entry, now);
}

/** Whether the handler may run in the background: not if it is running for this key, and not soon after a failure. */
function mayRefresh<Native>(
  context: Context<Native>,
  found: Found,
  now: number,
  { flights, backoff }: KnownRuns,
): boolean {
  if (context.request.refresh === undefined) return false;
  const flightKey = flightKeyOf(context, found);
  return flights.find(flightKey) === undefined && !backoff.isPaused(flightKey, now);
}

/** Decides if a stale entry may stand in for an error (RFC 5861 §4). Undefined: the handler runs for the request. */
function decideOnError<Native>(
  context: Context<Native>,
  found: Found,
  stale: Entry,
  budget: WaitBudget,
  now: number,
  runs: KnownRuns,
): Course | undefined {
  const flightKey = flightKeyOf(context, found);
  // The last response could not be stored, so there is nothing to wait for.
  if (runs.flights.isHitForMissWithoutError(flightKey, now)) return undefined;
  const flight = sharedFlight(runs, flightKey);
  const hasFailed = runs.backoff.isPaused(flightKey, now);
  if (flight === undefined && hasFailed) return { kind: "stand-in", because: "failed", refreshes: false };
  const span = spanOf(context.policy, budget, flight?.waiting ?? 0, now, true);
  if (span === undefined) {
    const because = hasFailed ? "failed" : "timeout";
    return { kind: "stand-in", because, refreshes: flight === undefined };
  }
  return flight === undefined ? { kind: "ask-first", span } : { kind: "wait", flight, span, stale };
}

/** Returns the flight that a request may wait for: not one that began long before what is known of invalidations. */
function sharedFlight({ flights, log }: KnownRuns, flightKey: string): Flight | undefined {
  const flight = flights.find(flightKey);
  return flight === undefined || log?.mayShare(flight.startedAt) === false ? undefined : flight;
}

/** Returns why nobody should wait for the run of this request, whatever else is running. */
function aloneReason<Native>(
  { request, policy, directives }: Context<Native>,
  entry: Entry | undefined,
  now: number,
): AloneReason | undefined {
  if (directives.noStore) return "no-store";
  if (entry !== undefined && isFresh(entry, now)) return "not-accepted";
  if (entry !== undefined && entry.staleAt <= entry.storedAt) return "never-fresh";
  if (policy.scope === "shared" && request.header("authorization") !== undefined) return "authorization";
  return undefined;
}
