import type { Fill } from "../contract/request-and-policy.ts";
import type { Flight } from "../flight/flights.ts";
import { HandlerRun } from "./handler-run.ts";
import type { RunParts, RunPlan } from "./run.ts";

/** Starts a run of the handler in the background. Returns the flight that others find and wait for. */
export function startRefresh(parts: RunParts, plan: RunPlan, refresh: (fill: Fill) => void): Flight {
  const flight = parts.flights.lead(plan.flightKey, true);
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
