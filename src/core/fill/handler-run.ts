import type { Fields } from "../../http/fields.ts";
import { asError, CacheError } from "../contract/errors.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Abandoned, Fill, HandlerHead, OpenFill, Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { conditionsOf } from "../freshness/validators.ts";
import { ANSWERED_BY_CACHE } from "../reply/representation.ts";
import { statusFields } from "../reply/status-fields.ts";
import type { Key } from "../request/cache-key.ts";
import { keepsParameter, undeclaredNames } from "../request/normalized-target.ts";
import { readHead } from "../storing/response-head.ts";
import { judge, refusalIn } from "./judge.ts";
import { NotModifiedFill } from "./not-modified-fill.ts";
import { ResponseFill } from "./response-fill.ts";
import { abandonRun, answerIn, beginRun, failRefresh, refreshDeadlineOf } from "./run.ts";
import type { Run, RunParts, RunPlan, RunRole } from "./run.ts";

/** What a client asks of the response that it is to get, and a run without it does not (RFC 9110 §13.1). */
const OF_THE_CLIENT: readonly string[] = [...ANSWERED_BY_CACHE, "if-match", "if-unmodified-since"];

/** One run of a handler, from the decision that it has to run to the decision about its head. */
export class HandlerRun implements Fill {
  readonly kind = "fill";
  readonly target: string | undefined;
  readonly received: string | undefined;
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  readonly hidden: readonly string[];
  readonly conditions: Fields;
  readonly #run: Run;
  #over = false;
  #hasClientLeft = false;
  #isExpired = false;
  /** The status of the answer that the handler has thrown. */
  #thrown: number | undefined;
  readonly #stopClock: (() => void) | undefined;
  #stopPatience: (() => void) | undefined;

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
    // A resource that is known not to be stored loses nothing when its handler answers conditions and ranges itself.
    this.hidden = isHitForMiss && this.conditions.length === 0 ? [] : hidden;
    this.#run = beginRun(parts, plan, role);
    const hardTimeoutMs = isBackground ? refreshDeadlineOf(policy) : policy.hardTimeoutMs;
    if (hardTimeoutMs !== undefined)
      this.#stopClock = parts.clock.schedule(() => this.#expire(), hardTimeoutMs);
  }

  refusal(head: HandlerHead): Refusal | undefined {
    if (this.#isExpired) return "timeout";
    if (this.#revalidates(head) !== undefined) return undefined;
    return refusalIn(this.#run, readHead(head), this.#thrown);
  }

  open(head: HandlerHead): OpenFill {
    if (this.#over)
      throw new CacheError("ERR_CACHE_FILL_TWICE", "a fill is opened or abandoned exactly once");
    this.#end();
    const { isBackground } = this.#run;
    const revalidated = this.#revalidates(head);
    this.#count(revalidated !== undefined && !this.#isExpired ? "revalidated" : "miss");
    try {
      if (revalidated !== undefined)
        return new NotModifiedFill(this.#run, head, revalidated, this.#isExpired);
      const read = readHead(head);
      const judgement = this.#isExpired ? "timeout" : judge(this.#run, read, this.#thrown);
      return new ResponseFill(this.#run, read, judgement, !this.#hasClientLeft && !isBackground);
    } catch (thrown) {
      const error = asError(thrown);
      abandonRun(this.#run, "failed", error);
      throw error;
    }
  }

  leave(): boolean {
    if (this.#over) return false;
    const { flight, parts, policy } = this.#run;
    if ((flight?.waiting ?? 0) > 0) {
      this.#hasClientLeft = true;
      // A handler that noticed may have fallen silent for good; by then everyone who waits now has stopped.
      this.#stopPatience = parts.clock.schedule(() => this.#giveUp(), policy.waitMs);
      return true;
    }
    this.abandon("aborted");
    return false;
  }

  isAnswer(error: unknown, said?: number): boolean {
    // A handler that fails once its client is gone may have failed of that.
    this.#thrown = this.#hasClientLeft ? undefined : answerIn(error, this.#run.policy, said);
    return this.#thrown !== undefined;
  }

  abandon(reason: Abandoned, error?: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#count("miss");
    if (this.#isExpired) return;
    // Of that answer no more is known than its status.
    if (reason === "failed" && this.#thrown !== undefined)
      return void new ResponseFill(
        this.#run,
        readHead({ status: this.#thrown, fields: [] }),
        "status",
        false,
      );
    // A handler that fails once its client is gone may have failed of that.
    abandonRun(this.#run, this.#hasClientLeft ? "aborted" : reason, error);
  }

  passed(reason: Abandoned): Fields {
    const { policy, forward } = this.#run;
    return statusFields(policy, { fwd: forward, detail: this.#isExpired ? "timeout" : reason }, undefined);
  }

  /** The stored response of which the handler says that it still holds (RFC 9111 §4.3.3). */
  #revalidates({ status }: HandlerHead): Entry | undefined {
    return this.#thrown === undefined && status === 304 && this.conditions.length > 0
      ? this.#run.stale
      : undefined;
  }

  /** The handler took too long: nobody else waits for it, and what it still says is not stored. */
  #expire(): void {
    if (this.#over || this.#isExpired) return;
    this.#isExpired = true;
    const { parts, policy, flight, ticket, isBackground } = this.#run;
    ticket.leave();
    if (isBackground) failRefresh(this.#run, refreshTimeout(policy));
    flight?.land({ kind: "failed" });
    parts.refused(policy.route, "timeout");
  }

  /** Nobody hears of it any more, though its handler may still answer. */
  #giveUp(): void {
    if (this.#over || this.#isExpired) return;
    this.#isExpired = true;
    abandonRun(this.#run, "aborted");
  }

  #end(): void {
    this.#over = true;
    this.#stopClock?.();
    this.#stopPatience?.();
  }

  #count(outcome: "miss" | "revalidated"): void {
    if (!this.#run.isBackground) this.#run.parts.count(outcome);
  }
}

function refreshTimeout(policy: Policy): CacheError {
  return new CacheError(
    "ERR_CACHE_REFRESH_TIMEOUT",
    `${policy.route}: a refresh of a stored response did not answer within ${refreshDeadlineOf(policy)} ms`,
  );
}

/** What the handler is shown of the target: what the key says and no more (hazard 18). */
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
