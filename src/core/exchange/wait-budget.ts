import type { Policy } from "../contract/request-and-policy.ts";
import type { Flight, Landing } from "../flight/flights.ts";
import type { Found } from "../lookup/lookup.ts";
import type { Context } from "./context.ts";

/** How much longer a request may wait for other runs before its own handler runs. */
export interface WaitBudget {
  /** How often the request may still begin to wait. */
  readonly turns: number;
  /** When waiting ends, epoch ms; undefined until the request waits for the first time. */
  readonly until: number | undefined;
  /** The `vary` list of a response that the request has waited for; the store need not have it yet. */
  readonly vary: readonly string[] | undefined;
}

/** The budget of a request that has not waited yet. */
export const FULL_BUDGET: WaitBudget = { turns: 3, until: undefined, vary: undefined };

/** When a request stops waiting, epoch ms. */
export interface Span {
  /** For this run. */
  readonly end: number;
  /** For any run. */
  readonly until: number;
}

/**
 * Returns how long a request may wait for one run, or undefined where it may not wait: it has no turn or time left, or
 * as many as `maxWaiters` are `waiting` already. A request that may be served stale waits for `softTimeoutMs` at most.
 */
export function spanOf(
  { maxWaitMs, maxWaiters, softTimeoutMs = Infinity }: Policy,
  { turns, until = Infinity }: WaitBudget,
  waiting: number,
  now: number,
  mayBeStale: boolean,
): Span | undefined {
  if (turns === 0 || waiting >= maxWaiters) return undefined;
  // A clock that is set back makes no request wait for more than `maxWaitMs` again.
  const last = Math.min(until, now + maxWaitMs);
  const end = mayBeStale ? Math.min(last, now + softTimeoutMs) : last;
  return end > now ? { end, until: last } : undefined;
}

/** Returns the budget that is left after a landing that had nothing for the request. */
export function budgetLeft<Native>(
  { choose }: Context<Native>,
  { turns, vary: learned }: WaitBudget,
  { end, until }: Span,
  flight: Flight,
  landing: Landing,
  now: number,
): WaitBudget {
  const { kind } = landing;
  // A request that can no longer be served stale keeps waiting, like any other.
  if (kind === "timeout" && end < until && now < until) return { turns, until, vary: learned };
  // The leader went away: one of its followers leads.
  if (kind === "retry") return { turns: turns - 1, until, vary: learned };
  if (kind !== "stored" && kind !== "flowing") return { turns: 0, until, vary: learned };
  const { vary, variant } = kind === "stored" ? landing.entry : landing.flowing.head;
  // Followers lead again where the response is outdated already, and so do those who want another variant.
  const isAnotherNeeded = flight.isOverdue || choose(vary) !== variant;
  return { turns: isAnotherNeeded ? turns - 1 : 0, until, vary };
}

/** Returns what was found, with the `vary` list that the request has learned by waiting. */
export function withLearned(found: Found, { vary }: WaitBudget): Found {
  return vary === undefined || found.vary.length > 0 ? found : { entry: found.entry, vary };
}
