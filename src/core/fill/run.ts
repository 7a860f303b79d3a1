import { areSendable } from "../../http/fields.ts";
import { CacheError } from "../contract/errors.ts";
import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Clock, Digest } from "../contract/platform.ts";
import type { Abandoned, Head, Policy, RequestRecord, TargetNames } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import type { Flight, Flights } from "../flight/flights.ts";
import type { Backoff } from "../flight/refresh-backoff.ts";
import { jittered } from "../freshness/early-refresh.ts";
import { instantsOf } from "../freshness/freshness.ts";
import type { Instants } from "../freshness/freshness.ts";
import type { Fence, Ticket } from "../invalidation/purge-fence.ts";
import { tagsOf } from "../invalidation/tagging.ts";
import type { Tagging, Tags } from "../invalidation/tags.ts";
import type { Kept, StoreCalls } from "../lookup/guarded-store.ts";
import { selectionOf } from "../reply/representation.ts";
import type { Responder, Selection } from "../reply/representation.ts";
import type { Key } from "../request/cache-key.ts";
import { learnsRule } from "../request/no-vary-search.ts";
import { refusalOf } from "../storing/storable.ts";

/** What every run of a handler needs of its cache. */
export interface RunParts {
  readonly store: StoreCalls;
  readonly clock: Clock;
  /** How far that is ahead of the clock by which responses are dated, in ms; absent: it is the same. */
  readonly aheadMs?: () => number;
  readonly digest: Digest;
  readonly flights: Flights;
  readonly backoff: Backoff;
  readonly fence: Fence;
  readonly responder: Responder;
  readonly tags: Tags;
  /** What targets mean to the routes of this cache: the memory of one route, then those that differ from it. */
  memories(policy: Policy): Iterable<TargetNames>;
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
  readonly isUncacheable: boolean;
  /** It runs without its client, to refresh what is stored: that stays where the run fails. */
  readonly isBackground: boolean;
}

/** A run for its own client only. */
export const ALONE: RunRole = { flight: undefined, isUncacheable: false, isBackground: false };

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
  const { request, policy, key, vary, forward, flightKey, stale, noStore, askedAt } = plan;
  const { flight, isUncacheable, isBackground } = role;
  const ticket = parts.fence.enter(key.resource, () => flight?.purge());
  // Written out: to spread objects of so many properties takes V8 longer than all the rest of `begin`.
  return {
    request,
    policy,
    key,
    vary,
    forward,
    flightKey,
    stale,
    noStore,
    askedAt,
    flight,
    isUncacheable,
    isBackground,
    parts,
    ticket,
    taggedAt: parts.tags.begin(),
    selection: selectionOf(request),
  };
}

/** What becomes of those who wait for a run that is abandoned. */
const LANDS = { failed: "failed", aborted: "again", unheard: "alone" } as const;

/** Ends a run that has nothing to share: after a failure everyone runs or is served stale, after an abort one leads. */
export function abandonRun(run: Run, reason: Abandoned, error?: unknown): void {
  const { parts, policy, flight, flightKey, ticket, isBackground } = run;
  ticket.leave();
  if (isBackground) failRefresh(run, error);
  // The next crowd need not queue for what is answered where nobody hears it.
  if (reason === "unheard")
    parts.flights.rememberUncacheable(flightKey, parts.clock.now() + policy.uncacheableMs, reason);
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

/**
 * Writes an entry and leaves the fence; answers what became of it, by a promise where the store takes its time. That a
 * store refused it is told as any refusal is.
 */
export function keep(
  { parts, ticket, policy }: Pick<Run, "parts" | "ticket"> & { readonly policy?: Pick<Policy, "route"> },
  entry: Entry,
  onKept: () => void = () => undefined,
): MaybePromise<Kept> {
  const written = (kept: Kept): Kept => {
    ticket.leave();
    if (kept === "kept") onKept();
    if (kept === "refused" && policy !== undefined) parts.refused(policy.route, "not-kept");
    // A purge that came while the store was writing may have been served before the write (hazard 22).
    if (ticket.purged) void parts.store.delete(entry.key);
    return kept;
  };
  const kept = parts.store.set(entry, () => guardLate(parts, entry.key, ticket.purged));
  return kept instanceof Promise ? kept.then(written) : written(kept);
}

/** Lets those who wait have an entry that is being written, without waiting for the store. */
export function landStored(flight: Flight | undefined, entry: Entry, written: MaybePromise<Kept>): void {
  const isLater = written instanceof Promise;
  flight?.land({ kind: "stored", entry, isKept: written === "kept" }, isLater ? written : undefined);
}

/**
 * Stays at the fence for a store that has not written within its deadline, and takes out what it writes after a purge.
 * All that is kept for a store that never answers is a key.
 */
function guardLate({ fence, store }: RunParts, key: string, isPurged: boolean): () => void {
  const ticket = fence.enter(key, () => undefined);
  return () => {
    ticket.leave();
    if (isPurged || ticket.purged) void store.delete(key);
  };
}

/** Whether a purge has overtaken a run: by its key, or by a tag of what it answers (hazard 22). */
export function isPurged({ parts, ticket }: Run, tagging: Tagging = {}): boolean {
  return ticket.purged || parts.tags.areOutdated(tagging);
}

/** Refusals that say nothing about the next response for the same key. */
export const OF_THE_MOMENT: ReadonlySet<Refusal> = new Set([
  "aborted",
  "credentials",
  "failed",
  "purged",
  "search-rule",
  "truncated",
]);

/** Refusals of what is an error and no answer. */
export const BREAKS: ReadonlySet<Refusal> = new Set(["failed", "truncated"]);

/** What an entry to be takes from its head. */
export type Judged = Instants & Tagging & Pick<Entry, "fillMs">;

/**
 * Why a head forbids storing, whenever it is asked. `thrown` is the status of an answer that the handler has thrown: what
 * an error handler sends with another one is not that answer (hazard 15).
 */
export function refusalIn(
  { policy, request, noStore, isBackground }: Run,
  head: Head,
  thrown?: number,
): Refusal | undefined {
  if (thrown !== undefined && thrown !== head.status) return "status";
  // A fetch that fails on its way has status 0.
  if (isBackground && (policy.errorStatuses.has(head.status) || head.status < 200)) return "failed";
  if (noStore) return "no-store";
  return refusalOf(head, policy, request) ?? (areSendable(head.fields) ? undefined : "malformed");
}

/** Judges a head: the instants and the tags of the entry to be, or why there will be none. */
export function judge(run: Run, head: Head, thrown?: number): Judged | Refusal {
  const { policy, parts, request, askedAt } = run;
  const refusal = refusalIn(run, head, thrown);
  if (refusal !== undefined) return refusal;
  const now = parts.clock.now();
  const shorten = (staleAt: number): number => jittered(staleAt, now, policy.jitter, parts.random);
  const instants = instantsOf(head, policy, now, askedAt, shorten, parts.aheadMs?.());
  if (instants === undefined) return "expired";
  if (!learnsRule(request, policy, run.key, head)) return "search-rule";
  const tags = tagsOf(request, head, policy, run.key.origin);
  const fill = policy.earlyRefresh > 0 ? { fillMs: Math.max(0, now - askedAt) } : {};
  return { ...instants, ...fill, ...(tags.length === 0 ? {} : { tags, taggedAt: run.taggedAt }) };
}

/** Whether a response is stored without what forbids it: a cookie, where it is for each user or nobody is given it. */
export function isLeftOut(refusal: Refusal, { scope, setCookie }: Policy): boolean {
  return refusal === "late-cookie" && (typeof scope === "function" || setCookie === "strip");
}
