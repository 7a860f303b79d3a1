import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head, OpenFill, Reply, Sink, StreamedReply } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import { Readers } from "../flight/readers.ts";
import type { Kept } from "../lookup/guarded-store.ts";
import { hasContent, replyOnce } from "../reply/representation.ts";
import { offeredField } from "../request/no-vary-search.ts";
import { BodyCapture } from "../storing/body-capture.ts";
import { storedFields } from "../storing/stored-fields.ts";
import { BREAKS, isLeftOut, OF_THE_MOMENT } from "./judge.ts";
import type { Judged } from "./judge.ts";
import { messageOf, statusOf, storedMessage, variantIn } from "./origin-reply.ts";
import { abandonRun, answerIn, brokenSource, failRefresh, refreshDeadlineOf } from "./run.ts";
import type { Run } from "./run.ts";
import { isPurged, keep, landStored } from "./write.ts";

/** One run of a handler from its head to its end: it is committed or abandoned, exactly once. */
export class ResponseFill implements OpenFill, Sink {
  readonly #run: Run;
  readonly #head: Head;
  readonly #capture: BodyCapture;
  readonly #judged: Judged | undefined;
  readonly #readers: Readers;
  #refusal: Refusal | undefined;
  /** Lets in those who wait, where they wait for the first byte of the content. */
  #onFirstByte: (() => void) | undefined;
  #over = false;
  /** Whether the store keeps it; a promise where it has not said so yet. */
  #kept: MaybePromise<Kept> = "kept";
  /** What waits for the head to leave; undefined where nothing has to. */
  #deferred: (() => void)[] | undefined;

  /** `judgement` is why the head forbids storing or, if it does not, what the entry to be takes from it. */
  constructor(run: Run, head: Head, judgement: Judged | Refusal, hasClient: boolean) {
    this.#run = run;
    this.#head = head;
    const { policy, parts, isBackground } = run;
    const isTagged = fieldOf(head.fields, "etag") !== undefined;
    const digest = isTagged ? undefined : parts.digest;
    this.#capture = new BodyCapture(policy.maxBodyBytes, digest, parts.clock, head.nonces);
    this.#readers = new Readers(this.#capture.flow, {
      hasClient,
      isWanted: () => isBackground && this.storable,
      onUnwanted: () => this.#giveUp(),
      clock: parts.clock,
      patienceMs: isBackground ? refreshDeadlineOf(policy) : policy.waitMs,
    });
    if (typeof judgement === "string") this.refuse(judgement);
    else this.#judged = judgement;
  }

  get storable(): boolean {
    return this.#refusal === undefined;
  }

  refuse(reason: Refusal): void {
    if (this.#over || this.#refusal !== undefined) return;
    // Whom that concerns was told when the time was up.
    if (reason === "timeout") return this.#keepNothing(reason);
    const { parts, policy, flight, flightKey, isHitForMiss, noStore, isBackground } = this.#run;
    this.#keepNothing(reason);
    // A handler that saw conditions answers 304, 206 or 412: that says nothing about the whole response.
    // Neither does what one client asked not to be stored.
    const { status } = this.#head;
    const isOfClient = noStore || (reason === "status" && (isHitForMiss || status === 412));
    const isAboutWhole = !OF_THE_MOMENT.has(reason) && !isOfClient;
    const isError = reason === "status" && policy.errorStatuses.has(status);
    const until = parts.clock.now() + policy.uncacheableMs;
    if (isAboutWhole) parts.flights.rememberHitForMiss(flightKey, until, reason, isError);
    if (isBackground && reason !== "purged") this.#outdate(isAboutWhole);
    // Those who wait hear it as soon as it is known, not at the end of the content (hazard 10).
    flight?.land({ kind: BREAKS.has(reason) ? "failed" : "not-shared" });
    parts.refused(policy.route, reason);
    this.#readers.review();
  }

  defer(): (refusal?: Refusal) => Fields {
    const deferred: (() => void)[] = (this.#deferred = []);
    return (refusal) => {
      this.#deferred = undefined;
      const wasStorable = this.storable;
      if (refusal !== undefined && wasStorable && !isLeftOut(refusal, this.#run.policy)) this.refuse(refusal);
      for (const go of deferred) go();
      const { stored, ...why } = this.#status();
      // The head says so already, or what it says is true.
      return !wasStorable || stored ? [] : statusOf(this.#run, this.#head, why);
    };
  }

  complete(body: Uint8Array | string | undefined): Reply {
    const { request, selection } = this.#run;
    const { status, making } = this.#head;
    const content = typeof body === "string" ? new TextEncoder().encode(body) : (body ?? new Uint8Array());
    this.write(content);
    const entry = this.#commit();
    if (entry === undefined)
      return {
        status,
        fields: messageOf(this.#run, this.#head, { refusal: this.#refusal }),
        body: hasContent(status) ? content : undefined,
        making,
      };
    // Not the entry's own bytes: whatever is done to this message, the stored one stays as it is.
    const { said, added } = storedMessage(this.#run, this.#head, entry, this.#status());
    const whole = { status, fields: said, body: content, storedAt: entry.storedAt, making };
    return replyOnce(whole, request.method, selection, added);
  }

  stream(stop?: () => void): StreamedReply {
    const head = {
      status: this.#head.status,
      fields: messageOf(this.#run, this.#head, { refusal: this.#refusal }),
      making: this.#head.making,
    };
    if (!this.storable || this.#judged === undefined) {
      // Nobody tells the end of a stream that has no sink.
      this.#over = true;
      return { ...head, sink: undefined };
    }
    this.#letIn(this.#judged);
    const readers = this.#readers;
    readers.begin(stop);
    return {
      ...head,
      sink: this,
      get content() {
        return readers.client();
      },
    };
  }

  write(chunk: Uint8Array | string): void {
    if (this.#over) return;
    if (chunk.length > 0) this.#onFirstByte?.();
    const refusal = this.#capture.write(chunk);
    if (refusal !== undefined) this.refuse(refusal);
    this.#readers.heard();
  }

  room(): Promise<void> | undefined {
    const room = this.#capture.flow.room();
    if (room === undefined) return undefined;
    // A source that is made to wait has not fallen silent.
    this.#readers.rest();
    return room.then(() => this.#readers.heard());
  }

  hold(cut: () => void): () => void {
    return this.#readers.hold(cut);
  }

  end(): void {
    this.#commit();
  }

  leave(): boolean {
    if (this.#over) return false;
    return this.#readers.clientLeft();
  }

  abandon(reason: "failed" | "aborted", error?: unknown): void {
    if (this.#over) return;
    // A refresh may still fail with an answer as long as it has not said a byte (hazard 52).
    const isAnswer = this.#onFirstByte !== undefined && answerIn(error, this.#run.policy) !== undefined;
    if (isAnswer) this.refuse("status");
    this.#over = true;
    this.#capture.refuse(reason);
    this.#capture.flow.fail(error ?? brokenSource(this.#run.policy.route));
    this.#readers.end();
    if (!isAnswer) abandonRun(this.#run, reason, error);
  }

  /**
   * Nobody waits for the end of a stream: who came meanwhile reads it as it comes. A refresh may stand in for what is
   * stale: as long as it has not said a byte, an error of it can still be replaced by that (RFC 5861 §4).
   */
  #letIn(judged: Judged): void {
    const { flight, isBackground } = this.#run;
    // Whether a nonce stands in the content is known at its end only: until then nobody is given any of it (hazard 37).
    if (this.#head.nonces.length > 0) return isBackground ? undefined : flight?.land({ kind: "not-shared" });
    const flow = (): void => {
      this.#onFirstByte = undefined;
      flight?.flow({
        head: this.#entry(new Uint8Array(), undefined, judged),
        length: combined(fieldOf(this.#head.fields, "content-length")),
        read: () => this.#readers.follow(),
      });
    };
    if (isBackground) this.#onFirstByte = flow;
    else if (this.#deferred === undefined) flow();
    else this.#deferred.push(() => this.storable && flow());
  }

  /** Nothing of it can be stored any more, so no purge concerns it. */
  #keepNothing(reason: Refusal): void {
    this.#refusal = reason;
    this.#capture.refuse(reason);
    this.#run.ticket.leave();
  }

  #giveUp(): void {
    const error = brokenSource(this.#run.policy.route);
    if (this.#refusal === undefined) return this.abandon("aborted", error);
    // Why it is not stored is known already.
    this.#over = true;
    this.#capture.flow.fail(error);
  }

  /** What was stored before a refresh that was refused: it stays where the refusal is of the moment only. */
  #outdate(isAboutWhole: boolean): void {
    const { parts, key } = this.#run;
    if (isAboutWhole) void parts.store.delete(key.resource);
    else failRefresh(this.#run, undefined);
  }

  /** Stores the response if nothing forbids it, perhaps once its head leaves; answers the entry. */
  #commit(): Entry | undefined {
    if (this.#over) return undefined;
    const captured = this.#capture.end(combined(fieldOf(this.#head.fields, "content-length")));
    if (typeof captured === "string") this.refuse(captured);
    else if (isPurged(this.#run, this.#judged)) this.#purge();
    const entry =
      typeof captured === "string" || this.#refusal !== undefined || this.#judged === undefined
        ? undefined
        : this.#entry(captured.body, captured.digest, this.#judged);
    if (this.#deferred === undefined) this.#finish(entry, captured === "truncated");
    else
      this.#deferred.push(() => {
        if (isPurged(this.#run, this.#judged)) this.#purge();
        this.#finish(this.storable ? entry : undefined, captured === "truncated");
      });
    return entry;
  }

  /** What may be said of it: that it is stored only once the store has said so (hazard 54). */
  #status(): { readonly stored?: boolean; readonly detail?: Refusal } {
    if (this.#refusal !== undefined) return { detail: this.#refusal };
    if (this.#kept === "kept") return { stored: true };
    return this.#kept === "refused" ? { detail: "not-kept" } : {};
  }

  #finish(entry: Entry | undefined, isTruncated: boolean): void {
    if (this.#over) return;
    this.#over = true;
    // Stored before anyone sees the end: whoever asks after it finds the entry.
    if (entry !== undefined) this.#share(entry);
    const { flow } = this.#capture;
    if (isTruncated) flow.fail(brokenSource(this.#run.policy.route));
    else flow.end();
    flow.slide();
    this.#readers.end();
  }

  /** As after a purge by key, which does so at once, one of those who wait leads anew. */
  #purge(): void {
    this.#run.flight?.land({ kind: "retry" });
    this.refuse("purged");
  }

  #entry(body: Uint8Array, digest: string | undefined, judged: Judged): Entry {
    const { key, policy } = this.#run;
    const { making } = this.#head;
    const fields = [...storedFields(this.#head, policy, digest), ...offeredField(this.#head, policy)];
    return {
      key: key.resource,
      ...variantIn(this.#run, this.#head),
      status: this.#head.status,
      fields,
      body,
      ...judged,
      ...(making === undefined ? {} : { making }),
    };
  }

  /** Writes the entry, and lets those who wait have it without waiting for the store. */
  #share(entry: Entry): void {
    const { parts, flight, flightKey } = this.#run;
    parts.flights.forgetHitForMiss(flightKey);
    parts.backoff.forget(flightKey);
    const written = keep(this.#run, entry, () => parts.stored());
    this.#kept = written;
    landStored(flight, entry, written);
  }
}
