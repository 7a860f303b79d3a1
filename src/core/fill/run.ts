import { CacheError } from "../contract/errors.ts";
import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Clock, Digest } from "../contract/platform.ts";
import type { Abandoned, NormalizedTargets, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { ChooseVariant, Entry } from "../contract/store.ts";
import type { Flight, Flights } from "../flight/flights.ts";
import type { RefreshBackoff } from "../flight/refresh-backoff.ts";
import type { PurgeFence, Ticket } from "../invalidation/purge-fence.ts";
import type { Tags } from "../invalidation/tags.ts";
import type { GuardedStore } from "../lookup/guarded-store.ts";
import { selectionOf } from "../reply/representation.ts";
import type { Responder, Selection } from "../reply/representation.ts";
import type { Key } from "../request/cache-key.ts";

/** What every run of a handler needs of its cache. */
export interface RunParts {
  readonly store: GuardedStore;
  readonly clock: Clock;
  /** How far that is ahead of the clock by which responses are dated, in ms; absent: it is the same. */
  readonly aheadMs?: () => number;
  readonly digest: Digest;
  readonly flights: Flights;
  readonly backoff: RefreshBackoff;
  readonly fence: PurgeFence;
  readonly responder: Responder;
  readonly tags: Tags;
  /** What targets mean to the routes of this cache: the memory of one route, then those that differ from it. */
  memories(policy: Policy): Iterable<NormalizedTargets>;
  /** Tells of two routes that meet on one key of their own functions. */
  met(first: Policy, second: Policy, key: string): void;
  /** Counts an outcome. */
  count(outcome: Outcome): void;
  /** Counts and tells a refusal. */
  refused(route: string, reason: Refusal): void;
  /** Tells of parameters that are kept from a handler; `names` is asked if it is still told. */
  undeclared(route: string, names: () => readonly string[]): void;
  /** Counts a stored response. */
  stored(): void;
  /** Counts a refresh behind the clients' backs. */
  refreshed(): void;
  /** Tells the error of such a refresh: no client hears of it. */
  refreshFailed(route: string, error: unknown): void;
  /** A number from 0 up to 1. */
  random(): number;
}

/** What was found on the way to one run of a handler. */
export interface RunPlan {
  readonly request: RequestRecord;
  readonly policy: Policy;
  readonly key: Key;
  /** Returns which variant of a resource the request selects. */
  readonly choose: ChooseVariant;
  /** The fields that the resource is known to vary by. */
  readonly vary: readonly string[];
  readonly forward: "uri-miss" | "vary-miss" | "stale" | "request";
  readonly flightKey: string;
  /** The stale response whose validators the handler is asked to check. */
  readonly stale: Entry | undefined;
  /** The request forbids that anything of it is stored (RFC 9111 §5.2.1.5). */
  readonly noStore: boolean;
  /** When the handler was asked, epoch ms. */
  readonly askedAt: number;
}

/** For whom one run of a handler is. */
export interface RunRole {
  /** The flight that this run leads; undefined: it runs alone. */
  readonly flight: Flight | undefined;
  /** The last response for this key, not long ago, could not be stored: the handler sees conditions and ranges. */
  readonly isHitForMiss: boolean;
  /** It runs without its client, to refresh what is stored: that stays where the run fails. */
  readonly isBackground: boolean;
}

/** A run for its own client only. */
export const ALONE: RunRole = { flight: undefined, isHitForMiss: false, isBackground: false };

/** One run of a handler: its plan, and the places that have to hear of its end. */
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
  // Written out: to spread objects of so many properties takes V8 longer than all the rest of `begin`.
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

/** What becomes of those who wait for a run that is abandoned. */
const LANDS = { failed: "failed", aborted: "retry", unheard: "not-shared" } as const;

/** Ends a run that has nothing to share: after a failure everyone runs or is served stale, after an abort one leads. */
export function abandonRun(run: Run, reason: Abandoned, error?: unknown): void {
  const { parts, policy, flight, flightKey, ticket, isBackground } = run;
  ticket.leave();
  if (isBackground) failRefresh(run, error);
  // The next crowd need not queue for what is answered where nobody hears it.
  if (reason === "unheard")
    parts.flights.rememberHitForMiss(flightKey, parts.clock.now() + policy.uncacheableMs, reason);
  flight?.land({ kind: isBackground ? "failed" : LANDS[reason] });
  parts.refused(policy.route, reason);
}

/** A refresh failed: what is stored stays as it was, and the next refresh waits for a while. */
export function failRefresh(run: Run, error: unknown): void {
  const { parts, policy, flightKey } = run;
  parts.backoff.failed(flightKey, parts.clock.now(), run);
  if (error !== undefined) parts.refreshFailed(policy.route, error);
}

/**
 * The status of an error that is an answer and no outage (hazard 52): its own or, where it has none, the one that the
 * response was given before. Undefined where that is one of the route's error statuses, or no status of an error.
 */
export function answerIn(error: unknown, { errorStatuses }: Policy, said?: number): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { status, statusCode } = error as { readonly status?: unknown; readonly statusCode?: unknown };
  const sent = [status, statusCode, said].find(isErrorStatus);
  return sent === undefined || errorStatuses.has(sent) ? undefined : sent;
}

function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
}

/** What everyone who reads a content is told that breaks off without an error of its own. */
export function brokenSource(route: string): CacheError {
  return new CacheError("ERR_CACHE_SOURCE", `${route}: the content broke off before its end`);
}

/** How long a refresh may take to its head, and between two parts of its content, unless its route says otherwise. */
const REFRESH_DEADLINE_MS = 30_000;

/** The deadline of a route's refreshes, in ms. */
export function refreshDeadlineOf({ hardTimeoutMs = REFRESH_DEADLINE_MS }: Policy): number {
  return hardTimeoutMs;
}
