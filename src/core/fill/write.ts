import type { Policy } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import type { Flight } from "../flight/flights.ts";
import type { Tagging } from "../invalidation/tags.ts";
import type { Kept } from "../lookup/guarded-store.ts";
import type { Run, RunParts } from "./run.ts";

/**
 * Writes an entry and leaves the fence; answers what became of it, by a promise where the store takes its time. That a
 * store refused it is told as any refusal is.
 */
export function keep(
  { parts, ticket, policy }: Pick<Run, "parts" | "ticket"> & { readonly policy?: Pick<Policy, "route"> },
  entry: Entry,
  onKept: () => void = () => undefined,
): MaybePromise<Kept> {
  const written = (kept: Kept): Kept => {
    ticket.leave();
    if (kept === "kept") onKept();
    if (kept === "refused" && policy !== undefined) parts.refused(policy.route, "not-kept");
    // A purge that came while the store was writing may have been served before the write (hazard 22).
    if (ticket.purged) void parts.store.delete(entry.key);
    return kept;
  };
  const kept = parts.store.set(entry, () => guardLate(parts, entry.key, ticket.purged));
  return kept instanceof Promise ? kept.then(written) : written(kept);
}

/** Lets those who wait have an entry that is being written, without waiting for the store. */
export function landStored(flight: Flight | undefined, entry: Entry, written: MaybePromise<Kept>): void {
  const isLater = written instanceof Promise;
  flight?.land({ kind: "stored", entry, isKept: written === "kept" }, isLater ? written : undefined);
}

/**
 * Stays at the fence for a store that has not written within its deadline, and takes out what it writes after a purge.
 * All that is kept for a store that never answers is a key.
 */
function guardLate({ fence, store }: RunParts, key: string, isPurged: boolean): () => void {
  const ticket = fence.enter(key, () => undefined);
  return () => {
    ticket.leave();
    if (isPurged || ticket.purged) void store.delete(key);
  };
}

/** Whether a purge has overtaken a run: by its key, or by a tag of what it answers (hazard 22). */
export function isPurged({ parts, ticket }: Run, tagging: Tagging = {}): boolean {
  return ticket.purged || parts.tags.areOutdated(tagging);
}
