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
import { isPurged, unkeptReason, write } from "./write.ts";

/**
 * Returns the fill of a HEAD that the stored response to GET does not satisfy. Its head freshens or invalidates that response,
 * `stale` (RFC 9111 §4.3.5), which is the variant that the HEAD selects.
 */
export function headFill(
  parts: RunParts,
  plan: RunPlan,
  stale: Entry,
  named: Pick<CacheStatus, "key">,
): PassFill {
  const { policy, key, forward } = plan;
  // It enters the fence: what it writes must not undo a purge (hazard 22).
  const run = beginRun(parts, plan, ALONE);
  const apply = (head: HandlerHead | undefined): void => {
    const effect = effectOf(run, head, stale);
    if (effect === "none") return run.ticket.leave();
    const settle = ({ entry: found }: Found): void => {
      // A GET may have stored a newer response meanwhile, to which this head does not apply.
      const isPresent = isSame(found, stale);
      const isCurrent =
        effect !== "invalidated" && !isPurged(run, effect) && unkeptReason(run, effect) === undefined;
      if (isPresent && isCurrent) return void write(run, effect);
      run.ticket.leave();
      if (isPresent && effect === "invalidated") void parts.store.delete(stale.key, parts.ledger.position);
    };
    // By a lookup, which checks what the store returns.
    const lookup = new Lookup(parts.store, () => parts.store.distrust());
    const present = lookup.find(stale.key, () => stale.variant, parts.clock.now(), policy);
    if (present instanceof Promise) void present.then(settle);
    else settle(present);
  };
  return new PassFill(policy, "head", { fwd: forward, ...named }, apply, shownTarget(key, policy));
}

/** The effect of a head on the stored response: an updated entry, its removal, or none. */
type Effect = Entry | "invalidated" | "none";

function effectOf(run: Run, head: HandlerHead | undefined, stale: Entry): Effect {
  if (head?.status !== 200) return "none";
  try {
    // A message for one user may differ from that for others (hazard 35).
    if (!isSameRepresentation(stale, head.fields))
      return isOfOneUser(readHead(head), run.policy, run.request) ? "none" : "invalidated";
    const { entry, fate } = updateStored(run, head, stale);
    return fate === "kept" ? entry : fate === "dropped" ? "invalidated" : "none";
  } catch (thrown) {
    // A function of the route failed, and so does the request.
    run.ticket.leave();
    throw asError(thrown);
  }
}

/** Returns whether a response to HEAD describes the stored content: its validators and length are equal, if present. */
export function isSameRepresentation(entry: Entry, head: Fields): boolean {
  const length = fieldOf(head, "content-length");
  if (length !== undefined && length !== String(entry.body.byteLength)) return false;
  return ["etag", "last-modified"].every((name) => {
    const value = fieldOf(head, name);
    return value === undefined || value === fieldOf(entry.fields, name);
  });
}

/** Whether the store still has the same response. */
function isSame(found: Entry | undefined, stale: Entry): boolean {
  if (found === undefined || found.storedAt !== stale.storedAt) return false;
  return combined(fieldOf(found.fields, "etag")) === combined(fieldOf(stale.fields, "etag"));
}
