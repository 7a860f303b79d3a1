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
import type { Ledger } from "../invalidation/ledger.ts";
import type { MarkLog } from "../invalidation/mark-log.ts";
import type { GuardedStore } from "../lookup/guarded-store.ts";
import { selectionOf } from "../reply/representation.ts";
import type { Responder, Selection } from "../reply/representation.ts";
import type { Key } from "../request/cache-key.ts";
import { variantFields } from "../storing/stored-fields.ts";

/** The parts of a cache that every run of a handler uses, and the callbacks by which it reports. */
export interface RunParts {
  readonly store: GuardedStore;
  readonly clock: Clock;
  /** Returns the lead of `clock` over the clock that dates of responses refer to, in ms. Absent: always 0. */
  readonly aheadMs?: () => number;
  readonly digest: Digest;
  readonly flights: Flights;
  readonly backoff: RefreshBackoff;
  readonly fence: PurgeFence;
  readonly responder: Responder;
  readonly ledger: Ledger;
  /** The log that the ledger follows. Undefined: there is none. */
  readonly log: MarkLog | undefined;
  /** Returns the arrival of a request that arrives now: its place in the order of invalidations, for `Ledger.at`. */
  arrival(): number;
  /** For how long, in ms, the store may be read while the log cannot. */
  readonly blindMs: number;
  /** How long a run may take, in ms, for its response to be kept: processes remember removals for so long. */
  readonly longestFillMs: number;
  /** How long a removal may hold its caller, in ms. */
  readonly writeMs: number;
  /** The deadline of one read of the store, in ms. */
  readonly readMs: number;
  /** Whether an invalidation by tag, route, URL or namespace reaches all who read the store. */
  readonly canMark: boolean;
  /** Returns the normalized targets of a route, then those of all routes that read queries differently. */
  targetsOf(policy: Policy): Iterable<NormalizedTargets>;
  /** Reports two routes whose `key` functions return the same key. */
  sameKey(first: Policy, second: Policy, key: string): void;
  /** Counts an outcome. */
  count(outcome: Outcome): void;
  /** Counts a refusal, and reports it unless it is no mistake. */
  refused(policy: Pick<Policy, "route" | "scope">, reason: Refusal, isMistake?: boolean): void;
  /** Reports parameters that are hidden from a handler. `names` is called only if there is still something to report. */
  undeclared(route: string, names: () => readonly string[]): void;
  /** Counts a stored response. */
  stored(): void;
  /** Counts a background refresh. */
  refreshed(): void;
  /** Reports the error of a background refresh. */
  refreshFailed(route: string, error: unknown): void;
  /** Returns a number from 0 up to, not including, 1. */
  random(): number;
}

/** A run of a handler, as it is known before it begins. */
export interface RunPlan {
  readonly request: RequestRecord;
  readonly policy: Policy;
  readonly key: Key;
  /** Returns the variant that the request selects. */
  readonly choose: ChooseVariant;
  /** The `vary` list of the resource. Empty: unknown. */
  readonly vary: readonly string[];
  /** Why the request goes to the handler: the `fwd` of `Cache-Status` (RFC 9211 §2.2). */
  readonly forward: "uri-miss" | "vary-miss" | "stale" | "request";
  /** The name of the request's variant in the flights, the backoff and the hit-for-miss memory. */
  readonly flightKey: string;
  /** The stored response whose validators the handler is shown. Undefined: none. */
  readonly stale: Entry | undefined;
  /** Whether the request forbids storing its response (RFC 9111 §5.2.1.5). */
  readonly noStore: boolean;
  /** When the handler was called, in epoch ms. */
  readonly askedAt: number;
  /** When the request arrived, in the order of invalidations: its guards may have read since then. */
  readonly arrivedAt: number;
}

/** For whom a handler runs. */
export interface RunRole {
  /** The flight that this run leads. Undefined: nobody waits for it. */
  readonly flight: Flight | undefined;
  /** Whether the key is hit-for-miss. Then the handler sees conditions and ranges. */
  readonly isHitForMiss: boolean;
  /** Whether it runs without a client, to refresh an entry. A failure leaves the entry as it is. */
  readonly isBackground: boolean;
}

/** The role of a run for its own client only. */
export const ALONE: RunRole = { flight: undefined, isHitForMiss: false, isBackground: false };

/** One run of a handler that has begun. `ticket` is its place at the purge fence. */
export interface Run extends RunPlan, RunRole {
  readonly parts: RunParts;
  readonly ticket: Ticket;
  /** The position of the last invalidation before it. */
  readonly began: number;
  readonly selection: Selection;
}

/** Begins a run of a handler. */
export function beginRun(parts: RunParts, plan: RunPlan, role: RunRole): Run {
  const { request, policy, key, choose, vary, forward, flightKey, stale, noStore, askedAt } = plan;
  const { flight, isHitForMiss, isBackground } = role;
  const ticket = parts.fence.enter(key.resource, () => flight?.purge());
  const began = parts.ledger.position;
  // In the background the guards run again.
  const arrivedAt = isBackground ? parts.arrival() : plan.arrivedAt;
  flight?.began(arrivedAt, askedAt);
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
    arrivedAt,
    flight,
    isHitForMiss,
    isBackground,
    parts,
    ticket,
    began,
    selection: selectionOf(request),
  };
}

/** Returns the variant of a run's response, and the `vary` list that it is made from. */
export function variantIn({ choose, vary: known, policy }: Run, head: Head): Pick<Entry, "vary" | "variant"> {
  const vary = variantFields(known, head, policy);
  return { vary, variant: choose(vary) };
}

/** How the flight of an abandoned run lands. */
const LANDINGS = { failed: "failed", aborted: "retry", unheard: "not-shared" } as const;

/** Ends a run that has no response to share. `onError` receives `error` if the run has no client. */
export function abandonRun(run: Run, reason: Abandoned, error?: unknown): void {
  const { parts, policy, flight, flightKey, ticket, isBackground } = run;
  ticket.leave();
  if (isBackground) failRefresh(run, error);
  // The next requests need not wait for a response that this cache does not see.
  if (reason === "unheard")
    parts.flights.rememberHitForMiss(flightKey, parts.clock.now() + policy.uncacheableMs, reason);
  flight?.land({ kind: isBackground ? "failed" : LANDINGS[reason] });
  parts.refused(policy, reason);
}

/** Counts a failed refresh, so that the next one waits, and reports `error` if there is one. */
export function failRefresh(run: Run, error: unknown): void {
  const { parts, policy, flightKey } = run;
  parts.backoff.failed(flightKey, parts.clock.now(), run);
  if (error !== undefined) parts.refreshFailed(policy.route, error);
}

/** The default deadline of a refresh, in ms: for its head, and between two parts of its content. */
const REFRESH_DEADLINE_MS = 30_000;

/** Returns the deadline of a route's refreshes in ms: its `hardTimeoutMs`, else 30 seconds. */
export function refreshDeadlineOf({ hardTimeoutMs = REFRESH_DEADLINE_MS }: Policy): number {
  return hardTimeoutMs;
}
