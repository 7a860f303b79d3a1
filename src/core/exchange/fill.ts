import { areSendable } from "../../http/fields.ts";
import { CacheError } from "../errors.ts";
import type { Refusal } from "../events.ts";
import { instantsOf } from "../freshness.ts";
import type { Instants } from "../freshness.ts";
import { readHead } from "../head.ts";
import { keepsParameter } from "../names.ts";
import { OpenRun } from "./open-fill.ts";
import { ANSWERED_BY_CACHE, selectionOf } from "../respond.ts";
import { abandonRun } from "./run.ts";
import type { Run, RunParts, RunPlan } from "./run.ts";
import { refusalOf } from "../storable.ts";
import type { Fill, HandlerHead, Head, OpenFill } from "../types.ts";

/** One run of a handler, from the decision that it has to run to the decision about its head. */
export class FillRun implements Fill {
  readonly kind = "fill";
  readonly target: string | undefined;
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  readonly hidden: readonly string[];
  readonly #run: Run;
  #over = false;

  constructor(parts: RunParts, plan: RunPlan) {
    const { key, policy, flight, request, isUncacheable } = plan;
    const { query } = policy;
    this.target = key.target;
    this.keepsParameter =
      key.target === undefined || query === undefined ? undefined : (name) => keepsParameter(query, name);
    // A resource that is known not to be stored loses nothing when its handler answers conditions and ranges itself.
    this.hidden = isUncacheable ? [] : ANSWERED_BY_CACHE;
    const ticket = parts.fence.enter(key.resource, () => flight?.purge());
    this.#run = { ...plan, parts, ticket, selection: selectionOf(request) };
    parts.count("miss");
  }

  open(head: HandlerHead): OpenFill {
    if (this.#over)
      throw new CacheError("ERR_CACHE_FILL_TWICE", "a fill is opened or abandoned exactly once");
    this.#over = true;
    try {
      const read = readHead(head);
      return new OpenRun(this.#run, read, this.#judge(read));
    } catch (error) {
      abandonRun(this.#run, "failed");
      throw error;
    }
  }

  abandon(reason: "failed" | "aborted"): void {
    if (this.#over) return;
    this.#over = true;
    abandonRun(this.#run, reason);
  }

  #judge(head: Head): Instants | Refusal {
    const { policy, parts } = this.#run;
    const refusal = refusalOf(head, policy) ?? (areSendable(head.fields) ? undefined : "malformed");
    return refusal ?? instantsOf(head, policy, parts.clock.now()) ?? "expired";
  }
}
