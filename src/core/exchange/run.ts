import type { Clock } from "../clock.ts";
import type { Flight, Flights } from "../coalesce.ts";
import type { Digest } from "../digest.ts";
import type { Outcome, Refusal } from "../events.ts";
import type { Fence, Ticket } from "../fence.ts";
import type { Key } from "../key.ts";
import type { Responder, Selection } from "../respond.ts";
import type { StoreCalls } from "../store-calls.ts";
import type { Policy, RequestRecord } from "../types.ts";

/** What every run of a handler needs of its cache. */
export interface RunParts {
  readonly store: StoreCalls;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly flights: Flights;
  readonly fence: Fence;
  readonly responder: Responder;
  /** Counts an outcome. */
  count(outcome: Outcome): void;
  /** Counts and tells a refusal. */
  refused(route: string, reason: Refusal): void;
  /** Counts a stored response. */
  stored(): void;
}

/** What was found on the way to one run of a handler. */
export interface RunPlan {
  readonly request: RequestRecord;
  readonly policy: Policy;
  readonly key: Key;
  /** The fields that the resource is known to vary by. */
  readonly vary: readonly string[];
  readonly forward: "uri-miss" | "vary-miss" | "stale";
  readonly flightKey: string;
  /** The flight that this run leads; undefined: it runs alone. */
  readonly flight: Flight | undefined;
  /** The last response for this key, not long ago, could not be stored: the handler sees conditions and ranges. */
  readonly isUncacheable: boolean;
}

/** One run of a handler: its plan, and the places that have to hear of its end. */
export interface Run extends RunPlan {
  readonly parts: RunParts;
  readonly ticket: Ticket;
  readonly selection: Selection;
}

/** Ends a run that has nothing to share: after a failure everyone runs, after an abort somebody else leads. */
export function abandonRun(run: Run, reason: "failed" | "aborted"): void {
  run.ticket.leave();
  run.flight?.land({ kind: reason === "failed" ? "alone" : "again" });
  run.parts.refused(run.policy.route, reason);
}
