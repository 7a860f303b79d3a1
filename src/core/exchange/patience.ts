import type { Flight, Landing } from "../coalesce.ts";
import type { Policy } from "../types.ts";

/** How much longer a request waits for the runs of others, before it runs by itself. */
export interface Patience {
  /** How often it may still take its place in a queue, after a leader went away. */
  readonly turns: number;
  /** When it ends, epoch ms; undefined until the request waits for the first time. */
  readonly until: number | undefined;
}

/** That of a request that has not waited yet. */
export const PATIENT: Patience = { turns: 3, until: undefined };

/** For how long a request waits for one run, epoch ms. */
export interface Span {
  readonly end: number;
  /** For how long it waits for any. */
  readonly until: number;
}

/** How long a request that begins to wait does so; who may be served stale at its end waits for less. */
export function spanOf(policy: Policy, { until }: Patience, now: number, mayBeStale: boolean): Span {
  const { waitMs, softTimeoutMs = Infinity } = policy;
  // A clock that is set back makes nobody wait for more than that again.
  const last = Math.min(until ?? Infinity, now + waitMs);
  return { end: mayBeStale ? Math.min(last, now + softTimeoutMs) : last, until: last };
}

/** What is left of a patience after a landing that had nothing for the one who waited. */
export function patienceLeft(
  turns: number,
  { end, until }: Span,
  flight: Flight,
  { kind }: Landing,
  now: number,
): Patience {
  // Who could not be served stale in the end waits on, as who has nothing stale does.
  if (kind === "late" && end < until && now < until) return { turns, until };
  // One of those who wait leads anew: the leader went away, or what it has is outdated already.
  const isAnew = kind === "again" || (flight.isOverdue && (kind === "stored" || kind === "flowing"));
  return { turns: isAnew ? turns - 1 : 0, until };
}
