import type { Fields } from "../../http/fields.ts";
import { asError, CacheError } from "../contract/errors.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Abandoned, Fill, HandlerHead, OpenFill, Policy } from "../contract/request-and-policy.ts";
import type { Flight } from "../flight/flights.ts";
import { ANSWERED_BY_CACHE } from "../reply/representation.ts";
import { statusFields } from "../reply/status-fields.ts";
import type { Key } from "../request/cache-key.ts";
import { keepsParameter, undeclaredNames } from "../request/normalized-target.ts";
import { readHead } from "../storing/response-head.ts";
import { headRefusal, judge, learnFrom, thrownAnswer } from "./judge.ts";
import { conditionsOf, NotModifiedFill, revalidatedBy } from "./not-modified-fill.ts";
import { ResponseFill } from "./response-fill.ts";
import { abandonRun, beginRun, failRefresh, refreshDeadlineOf } from "./run.ts";
import type { Run, RunParts, RunPlan, RunRole } from "./run.ts";

/** Fields to hide from a background run: the client's conditions apply to its own response only (RFC 9110 §13.1). */
const OF_THE_CLIENT: readonly string[] = [...ANSWERED_BY_CACHE, "if-match", "if-unmodified-since"];

/** The state of a run until its head. `thrown` is the status of a thrown error that counts as a response. */
type State =
  /** Its client is connected, or it is a background run. */
  | { readonly kind: "running"; readonly thrown: number | undefined }
  /** Its client has disconnected. It goes on for those that wait, for a limited time. */
  | { readonly kind: "left"; readonly thrown: number | undefined; readonly stopTimer: () => void }
  /** It took too long. Nobody else waits for it, and its response is not stored. */
  | { readonly kind: "expired"; readonly thrown: number | undefined; readonly hasClientLeft: boolean }
  /** It was opened or abandoned. */
  | { readonly kind: "over"; readonly isExpired: boolean };

/** One run of a handler, from the decision to run it to the decision about its head. */
export class HandlerRun implements Fill {
  readonly kind = "fill";
  readonly target: string | undefined;
  readonly received: string | undefined;
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  readonly hidden: readonly string[];
  readonly conditions: Fields;
  readonly #run: Run;
  readonly #stopClock: (() => void) | undefined;
  #state: State = { kind: "running", thrown: undefined };

  constructor(parts: RunParts, plan: RunPlan, role: RunRole) {
    const { key, policy, request } = plan;
    const { isHitForMiss, isBackground } = role;
    const shown = shownTarget(key, policy);
    this.target = shown.target;
    this.received = shown.received;
    if (shown.target !== undefined)
      parts.undeclared(policy.route, () => undeclaredNames(request.target, policy));
    this.keepsParameter = shown.keepsParameter;
    this.conditions = conditionsOf(plan.stale);
    const hidden = isBackground ? OF_THE_CLIENT : ANSWERED_BY_CACHE;
    // A handler whose response will hardly be stored may evaluate conditions and ranges itself.
    this.hidden = isHitForMiss && this.conditions.length === 0 ? [] : hidden;
    this.#run = beginRun(parts, plan, role);
    const hardTimeoutMs = isBackground ? refreshDeadlineOf(policy) : policy.hardTimeoutMs;
    if (hardTimeoutMs !== undefined)
      this.#stopClock = parts.clock.schedule(() => this.#expire(), hardTimeoutMs);
  }

  refusal(head: HandlerHead): Refusal | undefined {
    const state = this.#state;
    if (state.kind === "over") return undefined;
    if (state.kind === "expired") return "timeout";
    if (revalidatedBy(head, this.#run, state.thrown) !== undefined) return undefined;
    return headRefusal(this.#run, readHead(head), state.thrown);
  }

  open(head: HandlerHead): OpenFill {
    const state = this.#state;
    if (state.kind === "over")
      throw new CacheError("ERR_CACHE_FILL_TWICE", "this fill has already been opened or abandoned");
    this.#end(state);
    const { isBackground } = this.#run;
    const isExpired = state.kind === "expired";
    const revalidated = revalidatedBy(head, this.#run, state.thrown);
    this.#count(revalidated !== undefined && !isExpired ? "revalidated" : "miss");
    try {
      if (revalidated !== undefined) return new NotModifiedFill(this.#run, head, revalidated, isExpired);
      const read = readHead(head);
      const judgement = isExpired ? "timeout" : judge(this.#run, read, state.thrown);
      learnFrom(this.#run, read, judgement);
      return new ResponseFill(this.#run, read, judgement, state.kind === "running" && !isBackground);
    } catch (thrown) {
      const error = asError(thrown);
      abandonRun(this.#run, "failed", error);
      throw error;
    }
  }

  leave(): boolean {
    const state = this.#state;
    if (state.kind === "over") return false;
    const { flight, parts, policy } = this.#run;
    if ((flight?.waiting ?? 0) > 0) {
      // The handler may have noticed, and may never respond. After `maxWaitMs` nobody waits any more.
      if (state.kind === "running")
        this.#state = {
          kind: "left",
          thrown: state.thrown,
          stopTimer: parts.clock.schedule(() => this.#giveUp(), policy.maxWaitMs),
        };
      return true;
    }
    this.abandon("aborted");
    return false;
  }

  isAnswer(error: unknown, given?: number): boolean {
    const state = this.#state;
    // A handler may fail because its client has gone.
    const hasClientLeft = state.kind === "left" || (state.kind === "expired" && state.hasClientLeft);
    const thrown = hasClientLeft ? undefined : thrownAnswer(error, this.#run.policy, given);
    if (state.kind !== "over") this.#state = { ...state, thrown };
    return thrown !== undefined;
  }

  abandon(reason: Abandoned, error?: unknown): void {
    const state = this.#state;
    if (state.kind === "over") return;
    this.#end(state);
    this.#count("miss");
    if (state.kind === "expired") return;
    // Only the status of that response is known.
    if (reason === "failed" && state.thrown !== undefined)
      return void new ResponseFill(
        this.#run,
        readHead({ status: state.thrown, fields: [] }),
        "status",
        false,
      );
    // A handler may fail because its client has gone.
    abandonRun(this.#run, state.kind === "left" ? "aborted" : reason, error);
  }

  passed(reason: Abandoned): Fields {
    const { policy, forward } = this.#run;
    const state = this.#state;
    const isExpired = state.kind === "over" ? state.isExpired : state.kind === "expired";
    return statusFields(policy, { fwd: forward, detail: isExpired ? "timeout" : reason }, undefined);
  }

  /** The hard timeout has passed. */
  #expire(): void {
    const state = this.#state;
    if (state.kind === "left") state.stopTimer();
    else if (state.kind !== "running") return;
    this.#state = { kind: "expired", thrown: state.thrown, hasClientLeft: state.kind === "left" };
    const { parts, policy, flight, ticket, isBackground } = this.#run;
    ticket.leave();
    if (isBackground) failRefresh(this.#run, refreshTimeout(policy));
    flight?.land({ kind: "failed" });
    parts.refused(policy, "timeout");
  }

  /** `maxWaitMs` has passed since the client disconnected. The handler may still respond. */
  #giveUp(): void {
    const state = this.#state;
    if (state.kind !== "left") return;
    this.#state = { kind: "expired", thrown: state.thrown, hasClientLeft: true };
    abandonRun(this.#run, "aborted");
  }

  #end(state: State): void {
    this.#state = { kind: "over", isExpired: state.kind === "expired" };
    this.#stopClock?.();
    if (state.kind === "left") state.stopTimer();
  }

  #count(outcome: "miss" | "revalidated"): void {
    if (!this.#run.isBackground) this.#run.parts.count(outcome);
  }
}

/** Starts a background run of the handler. Returns its flight. */
export function startRefresh(parts: RunParts, plan: RunPlan, refresh: (fill: Fill) => void): Flight {
  const flight = parts.flights.lead(plan.flightKey, true);
  parts.refreshed();
  const fill = new HandlerRun(parts, plan, { flight, isHitForMiss: false, isBackground: true });
  try {
    refresh(fill);
  } catch (error) {
    // An adapter must not throw here. Its clients are served nevertheless.
    fill.abandon("failed", error);
  }
  return flight;
}

function refreshTimeout(policy: Policy): CacheError {
  return new CacheError(
    "ERR_CACHE_REFRESH_TIMEOUT",
    `${policy.route}: a background refresh took longer than ${refreshDeadlineOf(policy) / 1000} seconds`,
  );
}

/** Returns the part of the target that is in the key. The handler is shown no more (hazard 18). */
export function shownTarget(
  { target, received }: Key,
  policy: Policy,
): Pick<Fill, "target" | "received" | "keepsParameter"> {
  const { query, noVarySearch } = policy;
  const keeps =
    target === undefined || query === undefined
      ? undefined
      : (name: string): boolean => keepsParameter(query, name, noVarySearch);
  return { target, received, keepsParameter: keeps };
}
