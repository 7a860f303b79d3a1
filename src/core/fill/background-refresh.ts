import type { Fill } from "../contract/request-and-policy.ts";
import type { Flight } from "../flight/flights.ts";
import { HandlerRun } from "./handler-run.ts";
import type { RunParts, RunPlan } from "./run.ts";

/**
 * Starts a run of the handler without its client, one at a time for a key: the flight that others find and wait for.
 *
 * Undefined where nothing can be started: one is under way already, or the last one failed not long ago.
 */
export function startRefresh(
  parts: RunParts,
  plan: RunPlan,
  refresh: (fill: Fill) => void,
): Flight | undefined {
  const { flights, backoff, clock } = parts;
  const { flightKey } = plan;
  if (flights.find(flightKey) !== undefined || backoff.holds(flightKey, clock.now())) return undefined;
  const flight = flights.lead(flightKey, true);
  parts.refreshed();
  const fill = new HandlerRun(parts, plan, { flight, isHitForMiss: false, isBackground: true });
  try {
    refresh(fill);
  } catch (error) {
    // The adapter's own fault; the clients are served all the same.
    fill.abandon("failed", error);
  }
  return flight;
}
