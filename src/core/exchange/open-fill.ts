import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { Capture } from "../capture.ts";
import type { Refusal } from "../events.ts";
import type { Instants } from "../freshness.ts";
import { variantOf } from "../key.ts";
import { hasContent, replyOnce } from "../respond.ts";
import { abandonRun } from "./run.ts";
import type { Run } from "./run.ts";
import { statusFields } from "../status.ts";
import type { Entry } from "../store.ts";
import type { Head, OpenFill, Reply, Sink, StreamedReply } from "../types.ts";
import { storedFields, variantFields, variesBy } from "../write.ts";

/** Refusals that say nothing about the next response for the same key. */
const OF_THE_MOMENT: ReadonlySet<Refusal> = new Set(["aborted", "failed", "purged", "truncated"]);

/** One run of a handler from its head to its end: it is committed or abandoned, exactly once. */
export class OpenRun implements OpenFill, Sink {
  readonly #run: Run;
  readonly #head: Head;
  readonly #capture: Capture;
  readonly #instants: Instants | undefined;
  #refusal: Refusal | undefined;
  #over = false;

  /** `judgement` is why the head forbids storing or, if it does not, the instants of the entry to be. */
  constructor(run: Run, head: Head, judgement: Instants | Refusal) {
    this.#run = run;
    this.#head = head;
    const isTagged = fieldOf(head.fields, "etag") !== undefined;
    this.#capture = new Capture(run.policy.maxBodyBytes, isTagged ? undefined : run.parts.digest.hasher());
    if (typeof judgement === "string") this.refuse(judgement);
    else this.#instants = judgement;
  }

  get storable(): boolean {
    return this.#refusal === undefined;
  }

  refuse(reason: Refusal): void {
    if (this.#over || this.#refusal !== undefined) return;
    const { parts, policy, flight, flightKey, isUncacheable } = this.#run;
    this.#refusal = reason;
    this.#capture.refuse(reason);
    // A handler that saw conditions answers 304, 206 or 412: that says nothing about the whole response.
    const isAboutWhole = !OF_THE_MOMENT.has(reason) && !(isUncacheable && reason === "status");
    if (isAboutWhole) parts.flights.rememberUncacheable(flightKey, parts.clock.now());
    // Those who wait hear it as soon as it is known, not at the end of the content (hazard 10).
    flight?.land({ kind: "alone" });
    parts.refused(policy.route, reason);
  }

  complete(body: Uint8Array | string | undefined): Reply {
    const { request, selection } = this.#run;
    const { status, fields } = this.#head;
    const content = typeof body === "string" ? new TextEncoder().encode(body) : (body ?? new Uint8Array());
    this.write(content);
    const entry = this.#commit();
    if (entry === undefined)
      return { status, fields: this.#message(undefined), body: hasContent(status) ? content : undefined };
    // Its own client gets all that the handler said: its `Date`, and its cookies even where they are not stored.
    const cookies = fieldOf(fields, "set-cookie");
    const added: Fields =
      cookies === undefined ? this.#status(true) : [["set-cookie", cookies], ...this.#status(true)];
    const said = without(this.#message(entry), [
      "content-length",
      "set-cookie",
      ...added.map(([name]) => name),
    ]);
    // Not the entry's own bytes: whatever is done to this message, the stored one stays as it is.
    const whole = { status, fields: said, body: content, storedAt: entry.storedAt };
    return replyOnce(whole, request.method, selection, added);
  }

  stream(): StreamedReply {
    // Nobody waits for the end of a stream: the first byte is held back from no one.
    this.#run.flight?.land({ kind: "alone" });
    const head = { status: this.#head.status, fields: this.#message(undefined) };
    if (this.storable) return { ...head, sink: this };
    // Nobody tells the end of a stream that has no sink.
    this.#over = true;
    this.#run.ticket.leave();
    return { ...head, sink: undefined };
  }

  write(chunk: Uint8Array | string): void {
    if (this.#over || this.#refusal !== undefined) return;
    const refusal = this.#capture.write(chunk);
    if (refusal !== undefined) this.refuse(refusal);
  }

  end(): void {
    this.#commit();
  }

  abandon(reason: "failed" | "aborted"): void {
    if (this.#over) return;
    this.#over = true;
    this.#capture.refuse(reason);
    abandonRun(this.#run, reason);
  }

  /** Stores the response if nothing forbids it; answers the entry. */
  #commit(): Entry | undefined {
    if (this.#over) return undefined;
    const captured = this.#capture.end(combined(fieldOf(this.#head.fields, "content-length")));
    if (typeof captured === "string") this.refuse(captured);
    else if (this.#run.ticket.purged) this.refuse("purged");
    this.#over = true;
    if (typeof captured === "string" || this.#refusal !== undefined || this.#instants === undefined) {
      this.#run.ticket.leave();
      return undefined;
    }
    const entry = this.#entry(captured.body, captured.digest, this.#instants);
    this.#share(entry);
    return entry;
  }

  #entry(body: Uint8Array, digest: string | undefined, instants: Instants): Entry {
    const { key, policy, request, vary: known } = this.#run;
    const vary = variantFields(known, this.#head, policy);
    const variant = variantOf(key.selector, vary, (name) => request.header(name));
    const fields = storedFields(this.#head, policy, digest);
    return { key: key.resource, variant, vary, status: this.#head.status, fields, body, ...instants };
  }

  /** Writes the entry, and lets those who wait have it without waiting for the store. */
  #share(entry: Entry): void {
    const { parts, flight, flightKey } = this.#run;
    parts.flights.forgetUncacheable(flightKey);
    const kept = parts.store.set(entry);
    const written = kept instanceof Promise ? kept.then((isKept) => this.#written(entry, isKept)) : undefined;
    if (!(kept instanceof Promise)) this.#written(entry, kept);
    flight?.land({ kind: "stored", entry }, written);
  }

  #written(entry: Entry, isKept: boolean): void {
    const { parts, ticket } = this.#run;
    ticket.leave();
    if (isKept) parts.stored();
    // A purge that came while the store was writing may have been served before the write (hazard 22).
    if (ticket.purged) void parts.store.delete(entry.key);
  }

  /** The fields of the message to the run's own client. */
  #message(entry: Entry | undefined): Fields {
    const vary = variesBy(this.#head, this.#run.policy);
    const tag = entry && fieldOf(entry.fields, "etag");
    const changed: Fields = [
      ...(vary === undefined ? [] : [["vary", vary] as const]),
      ...(tag === undefined ? [] : [["etag", tag] as const]),
      ...(entry === undefined ? this.#status(false) : []),
    ];
    return [
      ...without(
        this.#head.fields,
        changed.map(([name]) => name),
      ),
      ...changed,
    ];
  }

  #status(stored: boolean): Fields {
    const { policy, forward } = this.#run;
    const inner = fieldOf(this.#head.fields, "cache-status");
    const why = stored ? { stored } : this.#refusal === undefined ? {} : { detail: this.#refusal };
    return statusFields(policy, { fwd: forward, fwdStatus: this.#head.status, ...why }, inner);
  }
}

function without(fields: Fields, names: readonly string[]): Fields {
  return fields.filter(([name]) => !names.includes(name));
}
