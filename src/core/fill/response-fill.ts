import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { CacheError } from "../contract/errors.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head, OpenFill, Reply, Sink, StreamedReply } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import { Readers } from "../flight/readers.ts";
import type { Kept } from "../lookup/guarded-store.ts";
import { statedAge, telling, toldOfRefused, toldToClient } from "../reply/client-cache-control.ts";
import { allowsContent } from "../reply/representation.ts";
import { offeredField } from "../request/no-vary-search.ts";
import { BodyCapture } from "../storing/body-capture.ts";
import { storedFields } from "../storing/stored-fields.ts";
import { isFailure, isMomentary, isStoredWithout, thrownAnswer } from "./judge.ts";
import type { Judged } from "./judge.ts";
import { originHead, originStatus, storedReply } from "./origin-reply.ts";
import type { StoreStatus } from "./origin-reply.ts";
import { abandonRun, failRefresh, refreshDeadlineOf, variantIn } from "./run.ts";
import type { Run } from "./run.ts";
import { isPurged, share, unkeptReason } from "./write.ts";

/** The state of a response. */
type State =
  /** Nothing forbids storing it so far. `onFirstByte` shares it, if that has to wait for the first byte. */
  | {
      readonly kind: "storable";
      readonly judged: Judged;
      readonly deferred: Deferred;
      readonly onFirstByte?: () => void;
    }
  /** It is not stored. Its content may still come for its readers. */
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly deferred: Deferred }
  /** It has ended and was given to the store. `kept` is a promise if the store has not finished. */
  | { readonly kind: "stored"; readonly kept: MaybePromise<Kept> }
  /** It has ended and is not stored. */
  | { readonly kind: "over"; readonly refusal: Refusal | undefined };

/** What to do once the head is sent. Undefined: nothing waits for that. */
type Deferred = (() => void)[] | undefined;

/** One run of a handler from its head to its end. */
export class ResponseFill implements OpenFill, Sink {
  readonly #run: Run;
  readonly #head: Head;
  readonly #bodyCapture: BodyCapture;
  readonly #readers: Readers;
  /** What its client is told if the response is stored or shared. */
  readonly #told: Fields | undefined;
  /** Why it is not kept, though it may be shared. */
  readonly #unkept: Refusal | undefined;
  #state: State;

  /** `judgement` is why the head forbids storing, else what the future entry takes from it. */
  constructor(run: Run, head: Head, judgement: Judged | Refusal, hasClient: boolean) {
    this.#run = run;
    this.#head = head;
    const { policy, parts, isBackground } = run;
    const isRefused = typeof judgement === "string";
    this.#told = isRefused ? toldOfRefused(policy, head) : toldToClient(policy, head, statedAge(head));
    this.#unkept = isRefused ? undefined : unkeptReason(run, judgement);
    const isTagged = fieldOf(head.fields, "etag") !== undefined;
    const digest = isTagged ? undefined : parts.digest;
    this.#bodyCapture = new BodyCapture(policy.maxBodyBytes, digest, parts.clock, head.nonces);
    this.#readers = new Readers(this.#bodyCapture.broadcast, {
      hasClient,
      isWanted: () => isBackground && this.storable,
      onUnwanted: () => this.#giveUp(),
      clock: parts.clock,
      waitMs: isBackground ? refreshDeadlineOf(policy) : policy.maxWaitMs,
    });
    if (!isRefused) this.#state = { kind: "storable", judged: judgement, deferred: undefined };
    else {
      this.#state = { kind: "refused", refusal: judgement, deferred: undefined };
      this.#refused(judgement);
    }
  }

  get storable(): boolean {
    return this.#refusal === undefined;
  }

  refuse(refusal: Refusal): void {
    if (this.#state.kind !== "storable") return;
    this.#state = { kind: "refused", refusal, deferred: this.#state.deferred };
    this.#refused(refusal);
  }

  defer(): (refusal?: Refusal) => Fields {
    const deferred: (() => void)[] = [];
    this.#setDeferred(deferred);
    return (refusal) => {
      this.#setDeferred(undefined);
      const before = this.#state.kind;
      if (refusal !== undefined && !isStoredWithout(refusal, this.#run.policy)) this.refuse(refusal);
      for (const go of deferred) go();
      if (before !== "storable") return [];
      const { stored, ...why } = this.#storeStatus();
      // A head that was not announced as stored has the reason already.
      if (stored) return [];
      const status = originStatus(this.#run, this.#head, why);
      // What was told is on its way already, and may allow others to store what is for one client.
      const isWithdrawn = this.#refusal !== undefined && this.#told !== undefined;
      return isWithdrawn ? [["cache-control", "no-store"], ...status] : status;
    };
  }

  complete(body: Uint8Array | string | undefined): Reply {
    const content = typeof body === "string" ? new TextEncoder().encode(body) : (body ?? new Uint8Array());
    this.write(content);
    const entry = this.#commit();
    if (entry !== undefined)
      return telling(storedReply(this.#run, this.#head, entry, content, this.#storeStatus()), this.#told);
    const head = this.#originHead(this.#refusal);
    return { ...head, body: allowsContent(head.status) ? content : undefined };
  }

  stream(stop?: () => void): StreamedReply {
    const head = this.#originHead(this.#refusal ?? this.#unkept);
    if (this.#refusal !== undefined) {
      // Without a sink, the end of the content is not reported.
      this.#close();
      return { ...head, sink: undefined };
    }
    this.#shareStream();
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
    const state = this.#state;
    if (!isOpen(state)) return;
    if (chunk.length > 0 && state.kind === "storable" && state.onFirstByte !== undefined) {
      this.#state = { kind: "storable", judged: state.judged, deferred: state.deferred };
      state.onFirstByte();
    }
    const refusal = this.#bodyCapture.write(chunk);
    if (refusal !== undefined) this.refuse(refusal);
    this.#readers.onSent();
  }

  room(): Promise<void> | undefined {
    const room = this.#bodyCapture.broadcast.room();
    if (room === undefined) return undefined;
    // A source that waits is not silent.
    this.#readers.onSourceWaits();
    return room.then(() => this.#readers.onSent());
  }

  hold(cut: () => void): () => void {
    return this.#readers.hold(cut);
  }

  end(): void {
    this.#commit();
  }

  leave(): boolean {
    return isOpen(this.#state) && this.#readers.clientLeft();
  }

  abandon(reason: "failed" | "aborted", error?: unknown): void {
    const state = this.#state;
    if (!isOpen(state)) return;
    const { policy } = this.#run;
    // Before its first byte, a refresh may still fail with a thrown answer (hazard 52).
    const isUnheard = state.kind === "storable" && state.onFirstByte !== undefined;
    const isAnswer = isUnheard && thrownAnswer(error, policy) !== undefined;
    if (isAnswer) this.refuse("status");
    this.#close();
    this.#bodyCapture.refuse(reason);
    this.#bodyCapture.broadcast.fail(error ?? brokenSource(policy.route));
    this.#readers.end();
    if (!isAnswer) abandonRun(this.#run, reason, error);
  }

  /** Why it is not stored. Undefined: no reason is known. */
  get #refusal(): Refusal | undefined {
    return "refusal" in this.#state ? this.#state.refusal : undefined;
  }

  /** The head for its own client, as the handler made it. `detail` is the reason for not storing it. */
  #originHead(detail: Refusal | undefined): Omit<Reply, "body"> {
    const { policy } = this.#run;
    const unlessSet = this.#refusal === undefined ? this.#told : toldOfRefused(policy, this.#head);
    return { ...originHead(this.#run, this.#head, detail), unlessSet };
  }

  /** The status fields have `stored` only if the store has the entry (hazard 54). */
  #storeStatus(): StoreStatus {
    const state = this.#state;
    if (state.kind === "refused" || state.kind === "over")
      return state.refusal === undefined ? {} : { detail: state.refusal };
    if (this.#unkept !== undefined) return { detail: this.#unkept };
    if (state.kind === "storable" || state.kept === "kept") return { stored: true };
    return state.kept === "refused" ? { detail: "not-kept" } : {};
  }

  #setDeferred(deferred: Deferred): void {
    if (isOpen(this.#state)) this.#state = { ...this.#state, deferred };
  }

  #close(): void {
    this.#state = { kind: "over", refusal: this.#refusal };
  }

  /** Drops what was kept and ends the flight: the response is not stored. */
  #refused(reason: Refusal): void {
    this.#bodyCapture.refuse(reason);
    this.#run.ticket.leave();
    // The flight ended when the time was up.
    if (reason === "timeout") return;
    const { parts, policy, flight, flightKey, isHitForMiss, noStore, isBackground } = this.#run;
    // A handler that saw conditions may send 304, 206 or 412, which says nothing about the whole response. Nor does a
    // request with `no-store`.
    const { status } = this.#head;
    const isOfClient = noStore || (reason === "status" && (isHitForMiss || status === 412));
    const isAboutWhole = !isMomentary(reason) && !isOfClient;
    const isError = reason === "status" && policy.errorStatuses.has(status);
    const until = parts.clock.now() + policy.uncacheableMs;
    if (isAboutWhole) parts.flights.rememberHitForMiss(flightKey, until, reason, isError);
    if (isBackground && reason !== "purged") this.#removeStored(isAboutWhole);
    // Now, and not at the end of the content: the requests that wait run the handler (hazard 10).
    flight?.land({ kind: isFailure(reason) ? "failed" : "not-shared" });
    parts.refused(policy, reason);
    this.#readers.endIfUnwanted();
  }

  /** Removes what a refused refresh was to replace. After a refusal that says nothing about it, it stays. */
  #removeStored(isAboutWhole: boolean): void {
    const { parts, key } = this.#run;
    if (isAboutWhole) void parts.store.delete(key.resource, parts.ledger.position);
    else failRefresh(this.#run, undefined);
  }

  /**
   * Lets requests that wait read the content as it comes. Those that wait for a refresh may be served something stale in
   * place of an error (RFC 5861 §4), so they wait for its first byte.
   */
  #shareStream(): void {
    const state = this.#state;
    if (state.kind !== "storable") return;
    const { judged, deferred } = state;
    const { flight, isBackground } = this.#run;
    // Only at its end is it known whether the content contains a nonce, so nobody else may read it before (hazard 37).
    if (this.#head.nonces.length > 0) return isBackground ? undefined : flight?.land({ kind: "not-shared" });
    const flow = (): void =>
      flight?.flow({
        head: this.#entry(new Uint8Array(), undefined, judged),
        length: combined(fieldOf(this.#head.fields, "content-length")),
        read: () => this.#readers.follow(),
      });
    if (isBackground) this.#state = { ...state, onFirstByte: flow };
    else if (deferred === undefined) flow();
    else deferred.push(() => this.storable && flow());
  }

  /** Nobody wants the rest of the content. */
  #giveUp(): void {
    const error = brokenSource(this.#run.policy.route);
    if (this.#state.kind === "storable") return this.abandon("aborted", error);
    this.#close();
    this.#bodyCapture.broadcast.fail(error);
  }

  /** Stores the response if nothing forbids it, or will once its head is sent. Returns the entry. */
  #commit(): Entry | undefined {
    if (!isOpen(this.#state)) return undefined;
    const captured = this.#bodyCapture.end(combined(fieldOf(this.#head.fields, "content-length")));
    if (typeof captured === "string") this.refuse(captured);
    this.#refuseIfPurged();
    const state = this.#state;
    const entry =
      typeof captured === "string" || state.kind !== "storable"
        ? undefined
        : this.#entry(captured.body, captured.digest, state.judged);
    const finish = (): void => this.#finish(entry, captured === "truncated");
    if (!isOpen(state) || state.deferred === undefined) finish();
    else
      state.deferred.push(() => {
        this.#refuseIfPurged();
        finish();
      });
    return entry;
  }

  /** If a purge has overtaken the run, one of the requests that wait leads, as after a purge by key. */
  #refuseIfPurged(): void {
    if (this.#state.kind !== "storable" || !isPurged(this.#run, this.#state.judged)) return;
    this.#run.flight?.land({ kind: "retry" });
    this.refuse("purged");
  }

  #finish(entry: Entry | undefined, isTruncated: boolean): void {
    if (!isOpen(this.#state)) return;
    const { parts, policy } = this.#run;
    // Stored before the content ends, so that a request after its end finds the entry.
    if (entry === undefined || this.#state.kind === "refused") this.#close();
    else this.#state = { kind: "stored", kept: share(this.#run, entry, () => parts.stored()) };
    const { broadcast } = this.#bodyCapture;
    if (isTruncated) broadcast.fail(brokenSource(policy.route));
    else broadcast.end();
    broadcast.slide();
    this.#readers.end();
  }

  #entry(body: Uint8Array, digest: string | undefined, judged: Judged): Entry {
    const { key, policy } = this.#run;
    const { status, making } = this.#head;
    return {
      key: key.resource,
      ...variantIn(this.#run, this.#head),
      status,
      fields: [...storedFields(this.#head, policy, digest), ...offeredField(this.#head, policy)],
      body,
      ...judged,
      ...(making === undefined ? {} : { making }),
    };
  }
}

function isOpen(state: State): state is Extract<State, { readonly deferred: Deferred }> {
  return state.kind === "storable" || state.kind === "refused";
}

/** The error for readers of content that ends prematurely without an error of its own. */
function brokenSource(route: string): CacheError {
  return new CacheError("ERR_CACHE_SOURCE", `${route}: the response body ended prematurely`);
}
