import type { Policy } from "../contract/request-and-policy.ts";
import type { Flight, Landing } from "../flight/flights.ts";
import type { Found } from "../lookup/lookup.ts";
import type { Context } from "./context.ts";

/** How much longer a request may wait for other runs before its own handler runs. */
export interface WaitBudget {
  /** For how many runs the request may still wait. */
  readonly turns: number;
  /** When waiting ends, in epoch ms. Undefined until the request first waits. */
  readonly until: number | undefined;
  /** The `vary` list of a response that the request has waited for: the store may not have it yet. */
  readonly vary: readonly string[] | undefined;
}

/** The budget of a request that has not waited yet. */
export const FULL_BUDGET: WaitBudget = { turns: 3, until: undefined, vary: undefined };

/** When a request stops waiting, in epoch ms. */
export interface Span {
  /** For this run. */
  readonly end: number;
  /** For any run. */
  readonly until: number;
}

/**
 * Returns how long a request may wait for a run. Undefined: it may not wait, because it has no turn or time left, or because
 * `maxWaiters` are `waiting` already. A request that may be served stale waits for at most `softTimeoutMs`.
 */
export function spanOf(
  { maxWaitMs, maxWaiters, softTimeoutMs = Infinity }: Policy,
  { turns, until = Infinity }: WaitBudget,
  waiting: number,
  now: number,
  mayBeStale: boolean,
): Span | undefined {
  if (turns === 0 || waiting >= maxWaiters) return undefined;
  // If the clock is set back, the request still waits for at most `maxWaitMs`.
  const last = Math.min(until, now + maxWaitMs);
  const end = mayBeStale ? Math.min(last, now + softTimeoutMs) : last;
  return end > now ? { end, until: last } : undefined;
}

/** Returns what is left of a budget after a landing that had nothing for the request. */
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
  // One of those that waited leads, and the others wait for it.
  if (kind === "retry") return { turns: turns - 1, until, vary: learned };
  if (kind !== "stored" && kind !== "flowing") return { turns: 0, until, vary: learned };
  const { vary, variant } = kind === "stored" ? landing.entry : landing.flowing.head;
  // If the response is outdated or another variant, one of those that waited leads again.
  const isAnotherNeeded = flight.isClosed || choose(vary) !== variant;
  return { turns: isAnotherNeeded ? turns - 1 : 0, until, vary };
}

/** Returns what was found, with the `vary` list that the request has learned by waiting. */
export function withLearned(found: Found, { vary }: WaitBudget): Found {
  return vary === undefined || found.vary.length > 0 ? found : { ...found, vary };
}
