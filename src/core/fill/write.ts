import type { Policy } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import type { Marked } from "../invalidation/names.ts";
import { keyName } from "../invalidation/names.ts";
import type { Kept } from "../lookup/guarded-store.ts";
import type { Run, RunParts } from "./run.ts";

/**
 * Writes the entry of a run, and lands its flight with that entry without waiting for the store. Returns the result of the
 * write. `onKept` is called once the store has the entry. If the entry is not kept, only the flight gets it.
 */
export function share(run: Run, entry: Entry, onKept?: () => void): MaybePromise<Kept> {
  const { parts, flight, flightKey, policy } = run;
  parts.flights.forgetHitForMiss(flightKey);
  const reason = unkeptReason(run, entry);
  if (reason !== undefined) {
    run.ticket.leave();
    flight?.land({ kind: "stored", entry, isKept: false });
    parts.refused(policy, reason);
    return "refused";
  }
  parts.backoff.forget(flightKey);
  const written = write(run, asOfArrival(run, entry), onKept);
  const isLater = written instanceof Promise;
  flight?.land({ kind: "stored", entry, isKept: written === "kept" }, isLater ? written : undefined);
  return written;
}

/**
 * Returns an entry as it is stored for other processes. Its guards may have read before what others have marked since the request
 * arrived, and what this process has not read of that makes the entry dead, too.
 */
function asOfArrival({ parts, arrivedAt }: Run, entry: Entry): Entry {
  if (parts.log === undefined) return entry;
  const began = parts.ledger.at(arrivedAt);
  return began < entry.began ? { ...entry, began } : entry;
}

/**
 * Writes an entry and then leaves the fence. Returns the result. If the store refuses the entry, that is reported for
 * the `policy`.
 */
export function write(
  {
    parts,
    ticket,
    policy,
  }: Pick<Run, "parts" | "ticket"> & { readonly policy?: Pick<Policy, "route" | "scope"> },
  entry: Entry,
  onKept?: () => void,
): MaybePromise<Kept> {
  const written = (kept: Kept): Kept => {
    ticket.leave();
    if (kept === "kept") onKept?.();
    if (kept === "refused" && policy !== undefined) parts.refused(policy, "not-kept");
    // The store may have carried out a purge that came meanwhile before this write (hazard 22).
    if (ticket.purged) void parts.store.delete(entry.key, parts.ledger.position);
    return kept;
  };
  const kept = parts.store.set(entry, () => guardLate(parts, entry.key, ticket.purged));
  if (!(kept instanceof Promise)) return written(kept);
  // The store may carry out the removal before this write: until it is removed again, the entry is dead (hazard 22).
  const { onPurged } = ticket;
  ticket.onPurged = () => {
    onPurged();
    markKey(parts, entry.key);
  };
  return kept.then(written);
}

/**
 * Enters the fence again for a write that has missed its deadline. Returns what to call at its end, which removes the entry
 * if a purge has come meanwhile. A write that never ends keeps only its key in memory.
 */
function guardLate(parts: RunParts, key: string, isPurged: boolean): () => void {
  const { fence, store, ledger } = parts;
  const ticket = fence.enter(key, () => markKey(parts, key));
  return () => {
    ticket.leave();
    if (isPurged || ticket.purged) void store.delete(key, ledger.position);
  };
}

/** Makes all that is stored under a key dead. In a log, its removal has marked it. */
function markKey({ ledger, log }: RunParts, key: string): void {
  if (log === undefined) ledger.mark([keyName(key)]);
}

/** Returns whether a purge has overtaken a run, by its key or by a name of its response (hazard 22). */
export function isPurged({ parts, ticket, key, arrivedAt }: Run, { names, began }: Marked): boolean {
  return ticket.purged || parts.ledger.isDead({ names, began, key: key.resource }, arrivedAt);
}

/**
 * Returns why a response that may be shared is not kept: the route keeps nothing, its run took longer than processes
 * remember removals, or it was invalidated after the request had arrived and before the handler began. A guard may have read
 * the old data for the handler (hazard 22). Those that wait have arrived before, too, so they may have it. Undefined: it is
 * kept.
 */
export function unkeptReason(
  {
    policy,
    parts,
    arrivedAt,
    began,
    askedAt,
    key,
  }: Pick<Run, "policy" | "parts" | "arrivedAt" | "began" | "askedAt" | "key">,
  entry: Marked,
): "store-false" | "timeout" | "purged" | undefined {
  if (!policy.keeps) return "store-false";
  if (parts.clock.now() - askedAt > parts.longestFillMs) return "timeout";
  const { ledger, log } = parts;
  // Nobody knows at which position the log will have what is pending.
  const isDead = log !== undefined && ledger.isDead({ ...entry, key: key.resource });
  return isDead || ledger.hasChanged(entry, ledger.at(arrivedAt), began) ? "purged" : undefined;
}
