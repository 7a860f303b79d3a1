import { fieldOf } from "../../http/fields.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { HandlerHead, OpenFill, Reply, StreamedReply } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { ageOf } from "../freshness/freshness.ts";
import { telling, toldOfRefused, toldToClient } from "../reply/client-cache-control.ts";
import { statusFields, statusKey } from "../reply/status-fields.ts";
import { isStoredWithout } from "./judge.ts";
import { abandonRun, failRefresh } from "./run.ts";
import type { Run } from "./run.ts";
import { updateStored } from "./update-stored.ts";
import type { Updated } from "./update-stored.ts";
import { isPurged, share } from "./write.ts";

/** Returns the request fields that ask whether an entry is still current: its validators (RFC 9111 §4.3.1). */
export function conditionsOf(entry: Entry | undefined): Fields {
  if (entry === undefined) return [];
  const conditions: [string, FieldValue][] = [];
  const tag = fieldOf(entry.fields, "etag");
  const modified = fieldOf(entry.fields, "last-modified");
  if (tag !== undefined) conditions.push(["if-none-match", tag]);
  if (modified !== undefined) conditions.push(["if-modified-since", modified]);
  return conditions;
}

/**
 * Returns the entry that a handler's 304 revalidates (RFC 9111 §4.3.3). Undefined for any other status, if the cache sent
 * no condition, and if the 304 is the page for an error: `thrown` is the status of such an error.
 */
export function revalidatedBy(
  { status }: HandlerHead,
  { stale }: Run,
  thrown: number | undefined,
): Entry | undefined {
  return status === 304 && thrown === undefined && conditionsOf(stale).length > 0 ? stale : undefined;
}

/** Whether the entry was updated yet. */
type State =
  /** Not yet. `isDeferred`: not before the head is sent. */
  | { readonly kind: "open"; readonly isDeferred: boolean }
  /** It was, or will not be. `isKept`: the store has the updated entry. */
  | { readonly kind: "over"; readonly isKept: boolean };

/**
 * A run whose handler sent 304: the stored response is freshened and sent (RFC 9111 §4.3.4).
 *
 * The condition was the cache's, so the client is never sent this 304, even if it comes too late to update anything.
 */
export class NotModifiedFill implements OpenFill {
  readonly storable = true;
  readonly #run: Run;
  readonly #head: HandlerHead;
  /** Whether the run took too long: nothing is updated, and its flight is over. */
  readonly #isLate: boolean;
  /** What its client is told. */
  readonly #told: Fields | undefined;
  #updated: Updated;
  #state: State = { kind: "open", isDeferred: false };

  constructor(run: Run, head: HandlerHead, stale: Entry, isLate: boolean) {
    this.#run = run;
    this.#head = head;
    this.#isLate = isLate;
    const updated = updateStored(run, head, stale);
    const { policy, parts } = run;
    const { entry, fate } = updated;
    this.#told =
      fate === "kept"
        ? toldToClient(policy, entry, ageOf(entry, parts.clock.now()))
        : toldOfRefused(policy, entry);
    this.#updated = isLate ? { entry: updated.entry, fate: "left", refusal: "timeout" } : updated;
  }

  defer(): (refusal?: Refusal) => Fields {
    if (this.#state.kind === "open") this.#state = { kind: "open", isDeferred: true };
    return (refusal) => {
      // The new fields came with a cookie or nonce for one client: what is stored stays as it was.
      const isRefused = refusal !== undefined && !isStoredWithout(refusal, this.#run.policy);
      if (isRefused) this.#updated = { entry: this.#updated.entry, fate: "left", refusal };
      this.#commit();
      if (!isRefused) return [];
      // As for any response that turns out to be for one client.
      return this.#told === undefined ? this.#status() : [["cache-control", "no-store"], ...this.#status()];
    };
  }

  complete(): Reply {
    if (this.#state.kind === "open" && !this.#state.isDeferred) this.#commit();
    const { parts, request, selection } = this.#run;
    const { entry } = this.#updated;
    const added: Fields = [
      ["age", String(ageOf(entry, parts.clock.now()))],
      ...this.#cookies(),
      ...this.#status(),
    ];
    return telling(parts.responder.reply(entry, request.method, selection, added), this.#told);
  }

  stream(): StreamedReply {
    // A 304 has no content to stream.
    const { status, fields, unlessSet, making } = this.complete();
    return { status, fields, unlessSet, making, sink: undefined };
  }

  refuse(): void {
    // The head has decided already whether the stored response is kept.
  }

  abandon(reason: "failed" | "aborted"): void {
    if (this.#state.kind === "over") return;
    this.#state = { kind: "over", isKept: false };
    abandonRun(this.#run, reason);
  }

  /** Cookies of the 304 that are not stored: only this client gets them (hazard 2). */
  #cookies(): Fields {
    const cookies = fieldOf(this.#head.fields, "set-cookie");
    const isStored = this.#run.policy.setCookie === "store";
    return cookies === undefined || isStored ? [] : [["set-cookie", cookies]];
  }

  #status(): Fields {
    const { parts, policy, forward } = this.#run;
    const { entry, refusal } = this.#updated;
    const stored = this.#state.kind === "over" && this.#state.isKept && !isPurged(this.#run, entry);
    const why = refusal === undefined ? {} : { detail: refusal };
    const name = statusKey(policy, entry.key, entry.variant, parts.digest);
    const inner = fieldOf(this.#head.fields, "cache-status");
    return statusFields(policy, { fwd: forward, fwdStatus: 304, stored, ...why, ...name }, inner);
  }

  #commit(): void {
    if (this.#state.kind === "over") return;
    const { entry, fate, refusal } = this.#updated;
    this.#state = { kind: "over", isKept: false };
    if (this.#isLate) return;
    const { parts, policy, ticket, flight, key, isBackground } = this.#run;
    if (refusal !== undefined) parts.refused(policy, refusal);
    if (fate === "kept" && !isPurged(this.#run, entry)) {
      this.#state = { kind: "over", isKept: share(this.#run, entry) === "kept" };
      return;
    }
    ticket.leave();
    if (fate === "dropped") void parts.store.delete(key.resource, parts.ledger.position);
    else if (isBackground) this.#backOff();
    flight?.land({ kind: "not-shared" });
  }

  /** A refresh that updated nothing counts as failed, so that the next one waits. */
  #backOff(): void {
    const { parts, policy, flightKey } = this.#run;
    failRefresh(this.#run, undefined);
    const { refusal } = this.#updated;
    if (refusal !== "set-cookie" && refusal !== "late-cookie") return;
    const until = parts.clock.now() + policy.uncacheableMs;
    parts.flights.rememberHitForMiss(flightKey, until, refusal);
  }
}
