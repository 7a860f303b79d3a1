import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { Capture } from "../capture.ts";
import type { Refusal } from "../events.ts";
import type { Instants } from "../freshness.ts";
import { variantOf } from "../key.ts";
import { hasContent, replyOnce } from "../respond.ts";
import { abandonRun, isPurged, keep } from "./run.ts";
import type { Run } from "./run.ts";
import { offeredField } from "../search-rule.ts";
import { statusFields, statusKey } from "../status.ts";
import type { Entry } from "../store.ts";
import type { Tagging } from "../tags.ts";
import type { Head, OpenFill, Reply, Sink, StreamedReply } from "../types.ts";
import { storedFields, variantFields, variesBy } from "../write.ts";

/** Refusals that say nothing about the next response for the same key. */
const OF_THE_MOMENT: ReadonlySet<Refusal> = new Set([
  "aborted",
  "credentials",
  "failed",
  "purged",
  "search-rule",
  "truncated",
]);

/** One run of a handler from its head to its end: it is committed or abandoned, exactly once. */
export class OpenRun implements OpenFill, Sink {
  readonly #run: Run;
  readonly #head: Head;
  readonly #capture: Capture;
  readonly #instants: (Instants & Tagging) | undefined;
  #refusal: Refusal | undefined;
  #over = false;

  /** `judgement` is why the head forbids storing or, if it does not, the instants and tags of the entry to be. */
  constructor(run: Run, head: Head, judgement: (Instants & Tagging) | Refusal) {
    this.#run = run;
    this.#head = head;
    const isTagged = fieldOf(head.fields, "etag") !== undefined;
    this.#capture = new Capture(run.policy.maxBodyBytes, isTagged ? undefined : run.parts.digest);
    if (typeof judgement === "string") this.refuse(judgement);
    else this.#instants = judgement;
  }

  get storable(): boolean {
    return this.#refusal === undefined;
  }

  refuse(reason: Refusal): void {
    if (this.#over || this.#refusal !== undefined) return;
    const { parts, policy, flight, flightKey, isUncacheable, noStore } = this.#run;
    this.#refusal = reason;
    this.#capture.refuse(reason);
    // A handler that saw conditions answers 304, 206 or 412: that says nothing about the whole response.
    // Neither does what one client asked not to be stored.
    const isOfClient = noStore || (isUncacheable && reason === "status");
    const isAboutWhole = !OF_THE_MOMENT.has(reason) && !isOfClient;
    if (isAboutWhole) parts.flights.rememberUncacheable(flightKey, parts.clock.now(), reason);
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
    else if (isPurged(this.#run, this.#instants)) this.#purge();
    this.#over = true;
    if (typeof captured === "string" || this.#refusal !== undefined || this.#instants === undefined) {
      this.#run.ticket.leave();
      return undefined;
    }
    const entry = this.#entry(captured.body, captured.digest, this.#instants);
    this.#share(entry);
    return entry;
  }

  /** As after a purge by key, which does so at once, one of those who wait leads anew. */
  #purge(): void {
    this.#run.flight?.land({ kind: "again" });
    this.refuse("purged");
  }

  #entry(body: Uint8Array, digest: string | undefined, instants: Instants & Tagging): Entry {
    const { key, policy } = this.#run;
    const fields = [...storedFields(this.#head, policy, digest), ...offeredField(this.#head, policy)];
    return { key: key.resource, ...this.#variant(), status: this.#head.status, fields, body, ...instants };
  }

  /** Which variant the response is, by what its head says that it varies by. */
  #variant(): Pick<Entry, "vary" | "variant"> {
    const { key, policy, request, vary: known } = this.#run;
    const vary = variantFields(known, this.#head, policy);
    return { vary, variant: variantOf(key.selector, vary, (name) => request.header(name)) };
  }

  /** Writes the entry, and lets those who wait have it without waiting for the store. */
  #share(entry: Entry): void {
    const { parts, flight, flightKey } = this.#run;
    parts.flights.forgetUncacheable(flightKey);
    const written = keep(this.#run, entry, () => parts.stored());
    flight?.land({ kind: "stored", entry }, written);
  }

  /** The fields of the message to the run's own client. */
  #message(entry: Entry | undefined): Fields {
    const vary = variesBy(this.#head, this.#run.policy);
    const tag = entry && fieldOf(entry.fields, "etag");
    const changed: Fields = [
      ...(vary === undefined ? [] : [["vary", vary] as const]),
      ...(tag === undefined ? [] : [["etag", tag] as const]),
      ...offeredField(this.#head, this.#run.policy),
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
    const { policy, forward, key, parts } = this.#run;
    const inner = fieldOf(this.#head.fields, "cache-status");
    const why = stored ? { stored } : this.#refusal === undefined ? {} : { detail: this.#refusal };
    const name = policy.cacheStatusKey
      ? statusKey(policy, key.resource, this.#variant().variant, parts.digest)
      : {};
    return statusFields(policy, { fwd: forward, fwdStatus: this.#head.status, ...why, ...name }, inner);
  }
}

function without(fields: Fields, names: readonly string[]): Fields {
  return fields.filter(([name]) => !names.includes(name));
}
