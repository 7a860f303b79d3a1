import { combined, fieldOf } from "../../http/fields.ts";
import type { CacheStatus } from "../../http/cache-status.ts";
import { readHead } from "../head.ts";
import { isSameRepresentation } from "../revalidate.ts";
import { isOfOneUser } from "../storable.ts";
import type { Entry } from "../store.ts";
import type { HandlerHead } from "../types.ts";
import { shownTarget } from "./fill.ts";
import { freshen } from "./freshen.ts";
import { PassRun } from "./pass.ts";
import { ALONE, beginRun, isPurged, keep } from "./run.ts";
import type { Run, RunParts, RunPlan } from "./run.ts";

/** A HEAD that the stored GET does not satisfy: what it tells freshens or outdates that one (RFC 9111 §4.3.5). */
export function headRun(
  parts: RunParts,
  plan: RunPlan,
  stale: Entry,
  named: Pick<CacheStatus, "key">,
): PassRun {
  const { policy, key, forward } = plan;
  // A purge that overtakes it is not undone by what it writes (hazard 22).
  const run = beginRun(parts, plan, ALONE);
  const heed = (head: HandlerHead | undefined): void => {
    const told = head?.status === 200 ? tell(run, head, stale) : "nothing";
    if (told === "nothing") return run.ticket.leave();
    const settle = (found: Entry | undefined): void => {
      // What a GET has stored meanwhile is newer than what this speaks of.
      const isPresent = isSame(found, stale);
      if (isPresent && told !== "outdated" && !isPurged(run, told))
        return void keep(run, told, () => undefined);
      run.ticket.leave();
      if (isPresent && told === "outdated") void parts.store.delete(stale.key);
    };
    const present = parts.store.get(stale.key, () => stale.variant);
    if (present instanceof Promise) void present.then(settle);
    else settle(present);
  };
  return new PassRun(policy, "head", { fwd: forward, ...named }, heed, shownTarget(key, policy));
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
