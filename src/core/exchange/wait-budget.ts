import type { Policy } from "../contract/request-and-policy.ts";
import type { Flight, Landing } from "../flight/flights.ts";
import type { Found } from "../lookup/lookup.ts";
import type { Context } from "./context.ts";

/** How much longer a request waits for the runs of others, before it runs by itself. */
export interface WaitBudget {
  /** How often it may still take its place in a queue, after a leader went away. */
  readonly turns: number;
  /** When it ends, epoch ms; undefined until the request waits for the first time. */
  readonly until: number | undefined;
  /** The fields that tell variants apart by what it has waited for, which the store need not have yet. */
  readonly vary: readonly string[] | undefined;
}

/** That of a request that has not waited yet. */
export const FULL_BUDGET: WaitBudget = { turns: 3, until: undefined, vary: undefined };

/** For how long a request waits for one run, epoch ms. */
export interface Span {
  readonly end: number;
  /** For how long it waits for any. */
  readonly until: number;
}

/** How long a request that begins to wait does so; who may be served stale at its end waits for less. */
export function spanOf(policy: Policy, { until }: WaitBudget, now: number, mayBeStale: boolean): Span {
  const { waitMs, softTimeoutMs = Infinity } = policy;
  // A clock that is set back makes nobody wait for more than that again.
  const last = Math.min(until ?? Infinity, now + waitMs);
  return { end: mayBeStale ? Math.min(last, now + softTimeoutMs) : last, until: last };
}

/** What is left of a patience after a landing that had nothing for the one who waited. */
export function budgetLeft<Native>(
  { choose }: Context<Native>,
  { turns, vary: learned }: WaitBudget,
  { end, until }: Span,
  flight: Flight,
  landing: Landing,
  now: number,
): WaitBudget {
  const { kind } = landing;
  // Who could not be served stale in the end waits on, as who has nothing stale does.
  if (kind === "timeout" && end < until && now < until) return { turns, until, vary: learned };
  // The leader went away: one of those who wait leads anew.
  if (kind === "retry") return { turns: turns - 1, until, vary: learned };
  if (kind !== "stored" && kind !== "flowing") return { turns: 0, until, vary: learned };
  const { vary, variant } = kind === "stored" ? landing.entry : landing.flowing.head;
  // So it is where what the leader has is outdated already; or those who want another variant do so among themselves.
  const isAnew = flight.isOverdue || choose(vary) !== variant;
  return { turns: isAnew ? turns - 1 : 0, until, vary };
}

/** What was found, with what a request has learned by waiting. */
export function withLearned(found: Found, { vary }: WaitBudget): Found {
  return vary === undefined || found.vary.length > 0 ? found : { entry: found.entry, vary };
}
