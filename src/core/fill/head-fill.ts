import type { CacheStatus } from "../../http/cache-status.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { asError } from "../contract/errors.ts";
import type { HandlerHead } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { Lookup } from "../lookup/lookup.ts";
import type { Found } from "../lookup/lookup.ts";
import { readHead } from "../storing/response-head.ts";
import { isOfOneUser } from "../storing/storable.ts";
import { shownTarget } from "./handler-run.ts";
import { PassFill } from "./pass-fill.ts";
import { ALONE, beginRun } from "./run.ts";
import type { Run, RunParts, RunPlan } from "./run.ts";
import { updateStored } from "./update-stored.ts";
import { isPurged, write } from "./write.ts";

/** A HEAD that the stored GET does not satisfy: its head freshens or outdates that one (RFC 9111 §4.3.5). */
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
    const effect = effectOf(run, head, stale);
    if (effect === "none") return run.ticket.leave();
    const settle = ({ entry: found }: Found): void => {
      // A GET may have stored something newer meanwhile, to which this head does not apply.
      const isPresent = isSame(found, stale);
      if (isPresent && effect !== "outdated" && !isPurged(run, effect)) return void write(run, effect);
      run.ticket.leave();
      if (isPresent && effect === "outdated") void parts.store.delete(stale.key);
    };
    // A lookup, because a store is not to be trusted here either.
    const lookup = new Lookup(parts.store, () => parts.store.distrust());
    const present = lookup.find(stale.key, () => stale.variant, parts.clock.now(), policy);
    if (present instanceof Promise) void present.then(settle);
    else settle(present);
  };
  return new PassFill(policy, "head", { fwd: forward, ...named }, heed, shownTarget(key, policy));
}

/** What a head does to the stored response: freshens it to an entry, outdates it, or nothing. */
type Effect = Entry | "outdated" | "none";

function effectOf(run: Run, head: HandlerHead | undefined, stale: Entry): Effect {
  if (head?.status !== 200) return "none";
  try {
    // A message to one user need not be what all others would get (hazard 35).
    if (!isSameRepresentation(stale, head.fields))
      return isOfOneUser(readHead(head), run.policy, run.request) ? "none" : "outdated";
    const { entry, fate } = updateStored(run, head, stale);
    return fate === "kept" ? entry : fate === "dropped" ? "outdated" : "none";
  } catch (thrown) {
    // The route's own functions failed: the request does, and nothing waits for it at the fence.
    run.ticket.leave();
    throw asError(thrown);
  }
}

/** Whether a response to HEAD describes the stored content: its validators and its length, where it has them. */
export function isSameRepresentation(entry: Entry, head: Fields): boolean {
  const length = fieldOf(head, "content-length");
  if (length !== undefined && length !== String(entry.body.byteLength)) return false;
  return ["etag", "last-modified"].every((name) => {
    const value = fieldOf(head, name);
    return value === undefined || value === fieldOf(entry.fields, name);
  });
}

/** Whether what is stored is still the same response. */
function isSame(found: Entry | undefined, stale: Entry): boolean {
  if (found === undefined || found.storedAt !== stale.storedAt) return false;
  return combined(fieldOf(found.fields, "etag")) === combined(fieldOf(stale.fields, "etag"));
}
