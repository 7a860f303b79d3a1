import type { CacheStatus } from "../../http/cache-status.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import { asError } from "../contract/errors.ts";
import type { HandlerHead } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { isSameRepresentation } from "../freshness/validators.ts";
import { Lookup } from "../lookup/lookup.ts";
import type { Found } from "../lookup/lookup.ts";
import { readHead } from "../storing/response-head.ts";
import { isOfOneUser } from "../storing/storable.ts";
import { shownTarget } from "./handler-run.ts";
import { PassFill } from "./pass-fill.ts";
import { ALONE, beginRun } from "./run.ts";
import type { Run, RunParts, RunPlan } from "./run.ts";
import { freshen } from "./update-stored.ts";
import { isPurged, keep } from "./write.ts";

/** A HEAD that the stored GET does not satisfy: what it tells freshens or outdates that one (RFC 9111 §4.3.5). */
export function headFill(
  parts: RunParts,
  plan: RunPlan,
  stale: Entry,
  named: Pick<CacheStatus, "key">,
): PassFill {
  const { policy, key, forward } = plan;
  // A purge that overtakes it is not undone by what it writes (hazard 22).
  const run = beginRun(parts, plan, ALONE);
  const heed = (head: HandlerHead | undefined): void => {
    const told = toldBy(run, head, stale);
    if (told === "nothing") return run.ticket.leave();
    const settle = ({ entry: found }: Found): void => {
      // What a GET has stored meanwhile is newer than what this speaks of.
      const isPresent = isSame(found, stale);
      if (isPresent && told !== "outdated" && !isPurged(run, told)) return void keep(run, told);
      run.ticket.leave();
      if (isPresent && told === "outdated") void parts.store.delete(stale.key);
    };
    // What a store answers is not to be believed here either.
    const lookup = new Lookup(parts.store, () => parts.store.distrust());
    const present = lookup.find(stale.key, () => stale.variant, parts.clock.now(), policy);
    if (present instanceof Promise) void present.then(settle);
    else settle(present);
  };
  return new PassFill(policy, "head", { fwd: forward, ...named }, heed, shownTarget(key, policy));
}

function toldBy(run: Run, head: HandlerHead | undefined, stale: Entry): ReturnType<typeof tell> {
  try {
    return head?.status === 200 ? tell(run, head, stale) : "nothing";
  } catch (thrown) {
    // The route's own functions failed: the request does, and nothing waits for it at the fence.
    run.ticket.leave();
    throw asError(thrown);
  }
}

/** Whether what is stored is still the same response. */
function isSame(found: Entry | undefined, stale: Entry): boolean {
  if (found === undefined || found.storedAt !== stale.storedAt) return false;
  return combined(fieldOf(found.fields, "etag")) === combined(fieldOf(stale.fields, "etag"));
}

function tell(run: Run, head: HandlerHead, stale: Entry): Entry | "outdated" | "nothing" {
  // What one user is shown need not be what all are (hazard 35).
  if (!isSameRepresentation(stale, head.fields))
    return isOfOneUser(readHead(head), run.policy, run.request) ? "nothing" : "outdated";
  const { entry, fate } = freshen(run, head, stale);
  return fate === "kept" ? entry : fate === "dropped" ? "outdated" : "nothing";
}
