import type { Policy } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import type { Tagging } from "../invalidation/tags.ts";
import type { Kept } from "../lookup/guarded-store.ts";
import type { Run, RunParts } from "./run.ts";

/**
 * Writes the entry of a run and gives it to those who wait, without waiting for the store. Returns what became of it;
 * `onKept` is called once the store has it. On a route that keeps nothing, the entry is only given to them.
 */
export function share(run: Run, entry: Entry, onKept?: () => void): MaybePromise<Kept> {
  const { parts, flight, flightKey, policy } = run;
  parts.flights.forgetHitForMiss(flightKey);
  if (!policy.keeps) {
    run.ticket.leave();
    flight?.land({ kind: "stored", entry, isKept: false });
    parts.refused(policy.route, "store-false");
    return "refused";
  }
  parts.backoff.forget(flightKey);
  const written = write(run, entry, onKept);
  const isLater = written instanceof Promise;
  flight?.land({ kind: "stored", entry, isKept: written === "kept" }, isLater ? written : undefined);
  return written;
}

/** Writes an entry and leaves the fence; returns what became of it. A refusal of the store is reported as any other. */
export function write(
  { parts, ticket, policy }: Pick<Run, "parts" | "ticket"> & { readonly policy?: Pick<Policy, "route"> },
  entry: Entry,
  onKept?: () => void,
): MaybePromise<Kept> {
  const written = (kept: Kept): Kept => {
    ticket.leave();
    if (kept === "kept") onKept?.();
    if (kept === "refused" && policy !== undefined) parts.refused(policy.route, "not-kept");
    // A purge that came while the store was writing may have been carried out before the write (hazard 22).
    if (ticket.purged) void parts.store.delete(entry.key);
    return kept;
  };
  const kept = parts.store.set(entry, () => guardLate(parts, entry.key, ticket.purged));
  return kept instanceof Promise ? kept.then(written) : written(kept);
}

/**
 * Stays at the fence for a store that has not written within its deadline, and removes what it writes after a purge.
 * For a write that never ends, only its key is kept.
 */
function guardLate({ fence, store }: RunParts, key: string, isPurged: boolean): () => void {
  const ticket = fence.enter(key, () => undefined);
  return () => {
    ticket.leave();
    if (isPurged || ticket.purged) void store.delete(key);
  };
}

/** Whether a purge has overtaken a run: by its key, or by a tag of its response (hazard 22). */
export function isPurged({ parts, ticket }: Run, tagging: Tagging): boolean {
  return ticket.purged || parts.tags.areOutdated(tagging);
}
