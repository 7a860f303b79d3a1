import type { Fields } from "../../http/fields.ts";
import { CacheError } from "../errors.ts";
import { readHead } from "../head.ts";
import type { Key } from "../key.ts";
import { keepsParameter } from "../names.ts";
import { OpenRun } from "./open-fill.ts";
import { ANSWERED_BY_CACHE, selectionOf } from "../respond.ts";
import { conditionsOf } from "../revalidate.ts";
import { RevalidatedRun } from "./revalidated.ts";
import { abandonRun, judge } from "./run.ts";
import type { Run, RunParts, RunPlan } from "./run.ts";
import type { Fill, HandlerHead, OpenFill, Policy } from "../types.ts";

/** One run of a handler, from the decision that it has to run to the decision about its head. */
export class FillRun implements Fill {
  readonly kind = "fill";
  readonly target: string | undefined;
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  readonly hidden: readonly string[];
  readonly conditions: Fields;
  readonly #run: Run;
  #over = false;

  constructor(parts: RunParts, plan: RunPlan) {
    const { key, policy, flight, request, isUncacheable } = plan;
    const shown = shownTarget(key, policy);
    this.target = shown.target;
    this.keepsParameter = shown.keepsParameter;
    this.conditions = conditionsOf(plan.stale);
    // A resource that is known not to be stored loses nothing when its handler answers conditions and ranges itself.
    this.hidden = isUncacheable && this.conditions.length === 0 ? [] : ANSWERED_BY_CACHE;
    const ticket = parts.fence.enter(key.resource, () => flight?.purge());
    this.#run = { ...plan, parts, ticket, taggedAt: parts.tags.begin(), selection: selectionOf(request) };
  }

  open(head: HandlerHead): OpenFill {
    if (this.#over)
      throw new CacheError("ERR_CACHE_FILL_TWICE", "a fill is opened or abandoned exactly once");
    this.#over = true;
    const { parts, stale } = this.#run;
    const isRevalidated = head.status === 304 && stale !== undefined && this.conditions.length > 0;
    parts.count(isRevalidated ? "revalidated" : "miss");
    try {
      if (isRevalidated) return new RevalidatedRun(this.#run, head, stale);
      const read = readHead(head);
      return new OpenRun(this.#run, read, judge(this.#run, read));
    } catch (error) {
      abandonRun(this.#run, "failed");
      throw error;
    }
  }

  abandon(reason: "failed" | "aborted"): void {
    if (this.#over) return;
    this.#over = true;
    this.#run.parts.count("miss");
    abandonRun(this.#run, reason);
  }
}

/** What the handler is shown of the target: what the key says and no more (hazard 18). */
export function shownTarget({ target }: Key, policy: Policy): Pick<Fill, "target" | "keepsParameter"> {
  const { query, noVarySearch } = policy;
  const keeps =
    target === undefined || query === undefined
      ? undefined
      : (name: string): boolean => keepsParameter(query, name, noVarySearch);
  return { target, keepsParameter: keeps };
}
