import { fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { HandlerHead, OpenFill, Reply, StreamedReply } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { ageOf } from "../freshness/freshness.ts";
import { statusFields, statusKey } from "../reply/status-fields.ts";
import { isLeftOut } from "./judge.ts";
import { abandonRun, failRefresh } from "./run.ts";
import type { Run } from "./run.ts";
import { freshen } from "./update-stored.ts";
import type { Freshened } from "./update-stored.ts";
import { isPurged, keep, landStored } from "./write.ts";

/**
 * A run whose handler said 304: what is stored still holds (RFC 9111 §4.3.4).
 *
 * The stored content is kept, its fields are freshened, and the client is answered from it: it asked no condition, so
 * a 304 is no answer to it, even where that comes so late that it is not used otherwise.
 */
export class NotModifiedFill implements OpenFill {
  readonly storable = true;
  readonly #run: Run;
  readonly #head: HandlerHead;
  #freshened: Freshened;
  /** Whether the run is over already, for all but its client. */
  readonly #isLate: boolean;
  #over = false;
  /** Whether the store has said already that it keeps it. */
  #isKept = false;
  /** Whether nothing is stored before the head leaves. */
  #isDeferred = false;

  constructor(run: Run, head: HandlerHead, stale: Entry, isLate: boolean) {
    this.#run = run;
    this.#head = head;
    this.#isLate = isLate;
    const freshened = freshen(run, head, stale);
    this.#freshened = isLate ? { ...freshened, fate: "left", refusal: "timeout" } : freshened;
  }

  defer(): (refusal?: Refusal) => Fields {
    this.#isDeferred = true;
    return (refusal) => {
      // What is stored stays as it was: the new fields came with a cookie for one client.
      const isRefused = refusal !== undefined && !isLeftOut(refusal, this.#run.policy);
      if (isRefused) this.#freshened = { ...this.#freshened, fate: "left", refusal };
      this.#commit();
      return isRefused ? this.#status() : [];
    };
  }

  complete(): Reply {
    if (!this.#isDeferred) this.#commit();
    const { parts, request, selection } = this.#run;
    const { entry } = this.#freshened;
    const added: Fields = [
      ["age", String(ageOf(entry, parts.clock.now()))],
      ...this.#cookies(),
      ...this.#status(),
    ];
    return parts.responder.reply(entry, request.method, selection, added);
  }

  stream(): StreamedReply {
    // A 304 has no content: an adapter that was given a stream for it completes instead.
    const { status, fields, making } = this.complete();
    return { status, fields, making, sink: undefined };
  }

  refuse(): void {
    // What forbids storing a response was said of the stored one already.
  }

  abandon(reason: "failed" | "aborted"): void {
    if (this.#over) return;
    this.#over = true;
    abandonRun(this.#run, reason);
  }

  /** Cookies that are not stored are for this client alone (hazard 2). */
  #cookies(): Fields {
    const cookies = fieldOf(this.#head.fields, "set-cookie");
    const isStored = this.#run.policy.setCookie === "store";
    return cookies === undefined || isStored ? [] : [["set-cookie", cookies]];
  }

  #status(): Fields {
    const { parts, policy, forward } = this.#run;
    const { entry, refusal } = this.#freshened;
    const stored = this.#isKept && !isPurged(this.#run, entry);
    const why = refusal === undefined ? {} : { detail: refusal };
    const name = statusKey(policy, entry.key, entry.variant, parts.digest);
    const inner = fieldOf(this.#head.fields, "cache-status");
    return statusFields(policy, { fwd: forward, fwdStatus: 304, stored, ...why, ...name }, inner);
  }

  /** The handler has nothing new that may be kept: it is not asked so again at once. */
  #spaceOut(): void {
    const { parts, policy, flightKey } = this.#run;
    failRefresh(this.#run, undefined);
    const { refusal } = this.#freshened;
    if (refusal !== "set-cookie" && refusal !== "late-cookie") return;
    const until = parts.clock.now() + policy.uncacheableMs;
    parts.flights.rememberHitForMiss(flightKey, until, refusal);
  }

  #commit(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#isLate) return;
    const { parts, policy, ticket, flight, flightKey, key, isBackground } = this.#run;
    const { entry, fate, refusal } = this.#freshened;
    if (refusal !== undefined) parts.refused(policy.route, refusal);
    if (fate === "kept" && !isPurged(this.#run, entry)) {
      parts.flights.forgetHitForMiss(flightKey);
      parts.backoff.forget(flightKey);
      const written = keep(this.#run, entry);
      this.#isKept = written === "kept";
      landStored(flight, entry, written);
      return;
    }
    ticket.leave();
    if (fate === "dropped") void parts.store.delete(key.resource);
    else if (isBackground) this.#spaceOut();
    flight?.land({ kind: "not-shared" });
  }
}
