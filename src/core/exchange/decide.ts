import type { Entry } from "../contract/store.ts";
import type { Flight, Flights } from "../flight/flights.ts";
import type { RefreshBackoff } from "../flight/refresh-backoff.ts";
import { isDueEarly } from "../freshness/early-refresh.ts";
import { isFresh } from "../freshness/freshness.ts";
import { servesOnError, servesWhileRevalidating } from "../freshness/stale-windows.ts";
import type { Found } from "../lookup/lookup.ts";
import { flightKeyOf, validatedEntry } from "./context.ts";
import type { Context } from "./context.ts";
import { spanOf } from "./wait-budget.ts";
import type { Span, WaitBudget } from "./wait-budget.ts";

/** What becomes of a request that was looked up: the closed list. */
export type Course =
  /** The stored response satisfies the request. `refreshes`: an early refresh is due. */
  | { readonly kind: "hit"; readonly refreshes: boolean }
  /** The client wants nothing but a stored response, and none satisfies it: 504 (RFC 9111 §5.2.1.7). */
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
  /** The handler runs in the background, and the request waits for it; the stored response stands in for an error. */
  | { readonly kind: "ask-first"; readonly span: Span }
  /** A HEAD goes to its handler. `isHeeded`: its response freshens or outdates the stored GET (RFC 9111 §4.3.5). */
  | { readonly kind: "head"; readonly isHeeded: boolean }
  /** The handler runs for this request only. */
  | { readonly kind: "alone"; readonly because: AloneReason }
  /** The handler runs, and later requests wait for it. */
  | { readonly kind: "lead" }
  /** The request waits for a run that is under way. `stale` stands in for an error. */
  | {
      readonly kind: "wait";
      readonly flight: Flight;
      readonly span: Span;
      readonly stale: Entry | undefined;
    };

/** Why a run has no followers. */
export type AloneReason =
  /** The client forbids to store the response. */
  | "no-store"
  /** The stored response is fresh, and the client does not accept it. */
  | "not-accepted"
  /** The stored response is stale from its first moment on (hazard 10). */
  | "never-fresh"
  /** The request carries `Authorization`, and the response need not be for everyone (RFC 9111 §3.5). */
  | "authorization"
  /** The last response for this key could not be stored (hazard 10). */
  | "hit-for-miss"
  /** The handler is running for this key already, and the request may not, or no longer, wait for it. */
  | "no-wait";

/** What is known of the runs of all keys, and where a draw comes from; each is asked only where it counts. */
export interface KnownRuns {
  readonly flights: Pick<Flights, "find" | "isHitForMiss" | "isHitForMissAnswer">;
  readonly backoff: Pick<RefreshBackoff, "holds">;
  /** A number from 0 up to 1, asked only of entries that may be refreshed early. */
  random(): number;
}

const HIT = Object.freeze({ kind: "hit", refreshes: false });
const HIT_AND_REFRESH = Object.freeze({ kind: "hit", refreshes: true });
const UNSATISFIED = Object.freeze({ kind: "unsatisfied" });
const STALE = Object.freeze({ kind: "stale", refreshes: false });
const STALE_AND_REFRESH = Object.freeze({ kind: "stale", refreshes: true });
const LEAD = Object.freeze({ kind: "lead" });

/**
 * Decides what becomes of a request, from what was found for it. This is the only place where the order of decisions is
 * written: `exchange` acts on the course, and `explain` tells it.
 *
 * It changes nothing. A hit, which is most requests, allocates nothing and names no flight.
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
    const isHeeded = !directives.noStore && validatedEntry(request, policy, entry) !== undefined;
    return { kind: "head", isHeeded };
  }
  const because = aloneReason(context, entry, now);
  if (because !== undefined) return { kind: "alone", because };
  const flightKey = flightKeyOf(context, found);
  if (runs.flights.isHitForMiss(flightKey, now)) return { kind: "alone", because: "hit-for-miss" };
  const flight = runs.flights.find(flightKey);
  if (flight === undefined) return LEAD;
  const span = spanOf(policy, budget, flight.waiting, now, false);
  if (span === undefined) return { kind: "alone", because: "no-wait" };
  return { kind: "wait", flight, span, stale: undefined };
}

/** Whether an entry that is not fresh may be served at all: it has to be possible to refresh it. */
function mayBeStale<Native>({ request, directives }: Context<Native>, entry: Entry, now: number): boolean {
  return request.refresh !== undefined && !isFresh(entry, now) && directives.allowsStale(entry, now);
}

/** Whether the handler may run in the background: one run at a time for a key, and none soon after a failure. */
function mayRefresh<Native>(
  context: Context<Native>,
  found: Found,
  now: number,
  { flights, backoff }: KnownRuns,
): boolean {
  if (context.request.refresh === undefined) return false;
  const flightKey = flightKeyOf(context, found);
  return flights.find(flightKey) === undefined && !backoff.holds(flightKey, now);
}

/** Decides where a stale entry may stand in for an error (RFC 5861 §4); undefined where each client asks by itself. */
function decideOnError<Native>(
  context: Context<Native>,
  found: Found,
  stale: Entry,
  budget: WaitBudget,
  now: number,
  { flights, backoff }: KnownRuns,
): Course | undefined {
  const flightKey = flightKeyOf(context, found);
  // The last response could not be stored, so there is nothing to wait for.
  if (flights.isHitForMissAnswer(flightKey, now)) return undefined;
  const flight = flights.find(flightKey);
  const hasFailed = backoff.holds(flightKey, now);
  if (flight === undefined && hasFailed) return { kind: "stand-in", because: "failed", refreshes: false };
  const span = spanOf(context.policy, budget, flight?.waiting ?? 0, now, true);
  if (span === undefined) {
    const because = hasFailed ? "failed" : "timeout";
    return { kind: "stand-in", because, refreshes: flight === undefined };
  }
  return flight === undefined ? { kind: "ask-first", span } : { kind: "wait", flight, span, stale };
}

/** Why a run of the handler would have nothing for those who wait for it, whatever else is running. */
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
