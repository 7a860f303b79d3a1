import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Clock, Digest } from "../contract/platform.ts";
import type {
  Abandoned,
  Head,
  NormalizedTargets,
  Policy,
  RequestRecord,
} from "../contract/request-and-policy.ts";
import type { ChooseVariant, Entry } from "../contract/store.ts";
import type { Flight, Flights } from "../flight/flights.ts";
import type { RefreshBackoff } from "../flight/refresh-backoff.ts";
import type { PurgeFence, Ticket } from "../invalidation/purge-fence.ts";
import type { TagInvalidations } from "../invalidation/tags.ts";
import type { GuardedStore } from "../lookup/guarded-store.ts";
import { selectionOf } from "../reply/representation.ts";
import type { Responder, Selection } from "../reply/representation.ts";
import type { Key } from "../request/cache-key.ts";
import { variantFields } from "../storing/stored-fields.ts";

/** What every run of a handler needs of its cache. */
export interface RunParts {
  readonly store: GuardedStore;
  readonly clock: Clock;
  /** How far it is ahead of the clock by which responses are dated, in ms; absent: it is the same clock. */
  readonly aheadMs?: () => number;
  readonly digest: Digest;
  readonly flights: Flights;
  readonly backoff: RefreshBackoff;
  readonly fence: PurgeFence;
  readonly responder: Responder;
  readonly tags: TagInvalidations;
  /** What targets mean to the routes of this cache: the memory of one route first, then those that differ from it. */
  memories(policy: Policy): Iterable<NormalizedTargets>;
  /** Reports two routes whose `key` functions return the same key. */
  met(first: Policy, second: Policy, key: string): void;
  /** Counts an outcome. */
  count(outcome: Outcome): void;
  /** Counts a refusal, and reports it unless it is no mistake. */
  refused(route: string, reason: Refusal, isMistake?: boolean): void;
  /** Reports parameters that are hidden from a handler; `names` is called only if they are still to be reported. */
  undeclared(route: string, names: () => readonly string[]): void;
  /** Counts a stored response. */
  stored(): void;
  /** Counts a refresh in the background. */
  refreshed(): void;
  /** Reports the error of a refresh, which no client sees. */
  refreshFailed(route: string, error: unknown): void;
  /** A number from 0 up to 1. */
  random(): number;
}

/** What is known of a run of a handler before it begins. */
export interface RunPlan {
  readonly request: RequestRecord;
  readonly policy: Policy;
  readonly key: Key;
  /** Returns the variant that the request selects. */
  readonly choose: ChooseVariant;
  /** The fields that the resource is known to vary by. */
  readonly vary: readonly string[];
  readonly forward: "uri-miss" | "vary-miss" | "stale" | "request";
  readonly flightKey: string;
  /** The stale response whose validators the handler is asked to check. */
  readonly stale: Entry | undefined;
  /** The request forbids storing its response (RFC 9111 §5.2.1.5). */
  readonly noStore: boolean;
  /** When the handler was called, epoch ms. */
  readonly askedAt: number;
}

/** Whom one run of a handler is for. */
export interface RunRole {
  /** The flight that this run leads; undefined: it runs alone. */
  readonly flight: Flight | undefined;
  /** The last response for this key, not long ago, could not be stored: the handler sees conditions and ranges. */
  readonly isHitForMiss: boolean;
  /** It runs without its client, to refresh what is stored; a failure leaves that as it is. */
  readonly isBackground: boolean;
}

/** A run for its own client only. */
export const ALONE: RunRole = { flight: undefined, isHitForMiss: false, isBackground: false };

/** One run of a handler, with its place at the fence of purges. */
export interface Run extends RunPlan, RunRole {
  readonly parts: RunParts;
  readonly ticket: Ticket;
  /** When it began, by the clock of tag invalidations. */
  readonly taggedAt: number;
  readonly selection: Selection;
}

/** Begins a run of a handler. */
export function beginRun(parts: RunParts, plan: RunPlan, role: RunRole): Run {
  const { request, policy, key, choose, vary, forward, flightKey, stale, noStore, askedAt } = plan;
  const { flight, isHitForMiss, isBackground } = role;
  const ticket = parts.fence.enter(key.resource, () => flight?.purge());
  // Written out: V8 takes longer to spread objects of so many properties than for all the rest of `begin`.
  return {
    request,
    policy,
    key,
    choose,
    vary,
    forward,
    flightKey,
    stale,
    noStore,
    askedAt,
    flight,
    isHitForMiss,
    isBackground,
    parts,
    ticket,
    taggedAt: parts.tags.begin(),
    selection: selectionOf(request),
  };
}

/** The variant of a run's response, by what its head varies by. */
export function variantIn({ choose, vary: known, policy }: Run, head: Head): Pick<Entry, "vary" | "variant"> {
  const vary = variantFields(known, head, policy);
  return { vary, variant: choose(vary) };
}

/** What those who wait for an abandoned run do next. */
const LANDS = { failed: "failed", aborted: "retry", unheard: "not-shared" } as const;

/** Ends a run that has no response to share: after a failure all run or are served stale, after an abort one leads. */
export function abandonRun(run: Run, reason: Abandoned, error?: unknown): void {
  const { parts, policy, flight, flightKey, ticket, isBackground } = run;
  ticket.leave();
  if (isBackground) failRefresh(run, error);
  // The next requests need not queue for a response that this cache does not see.
  if (reason === "unheard")
    parts.flights.rememberHitForMiss(flightKey, parts.clock.now() + policy.uncacheableMs, reason);
  flight?.land({ kind: isBackground ? "failed" : LANDS[reason] });
  parts.refused(policy.route, reason);
}

/** Ends a refresh that failed: what is stored stays as it was, and the next refresh waits for a while. */
export function failRefresh(run: Run, error: unknown): void {
  const { parts, policy, flightKey } = run;
  parts.backoff.failed(flightKey, parts.clock.now(), run);
  if (error !== undefined) parts.refreshFailed(policy.route, error);
}

/** How long a refresh may take to its head, and between two parts of its content, unless its route has another limit. */
const REFRESH_DEADLINE_MS = 30_000;

/** The deadline of a route's refreshes, in ms. */
export function refreshDeadlineOf({ hardTimeoutMs = REFRESH_DEADLINE_MS }: Policy): number {
  return hardTimeoutMs;
}
