import type { FastifyReply } from "fastify";
import type { Abandoned, Fields, Fill, OpenFill, Refusal, Reply } from "../../adapter.ts";
import { Client } from "../node/client.ts";
import { HandlerStream } from "../node/handler-stream.ts";
import { areBeyondAscii } from "../node/response-form.ts";
import type { AnyStream } from "../node/source.ts";
import { addFieldsAtWriteHead } from "../node/write-head-fields.ts";
import { CapturedHead } from "./captured-head.ts";
import { DeferredHead } from "./deferred-head.ts";
import {
  bytesOf,
  capturedContent,
  capturedErrorPage,
  capturedText,
  isConsumed,
  isResponse,
  isStream,
} from "./payload.ts";
import { sentIn, streamIn } from "./fill-state.ts";
import type { State } from "./fill-state.ts";
import type { Captured } from "./payload.ts";
import { abortWith, applyReply, setFields, setHead, wholeOf } from "./reply.ts";
import { interceptReply } from "./reply-interceptor.ts";

/**
 * Follows one run of a handler through Fastify's hooks.
 *
 * What the handler sends is captured when it calls `reply.send`, before any `onSend` hook: those run again on every hit,
 * so what they add or change is not the handler's and must not be stored (hazard 13). What the client is sent is decided
 * in the route's first own `onSend` hook, when the cookies that plugins set there are known.
 */
export class FastifyFill {
  readonly #fill: Fill;
  readonly #reply: FastifyReply;
  readonly #client: Client;
  readonly #head: CapturedHead;
  readonly #hasLaterHooks: boolean;
  #state: State = { at: "running", isForError: false };
  /** Whether something was sent after what was captured: Fastify may write either. */
  #isRepeated = false;

  /** To be called with what the handler returns. */
  readonly returned: (result: unknown) => void;

  /**
   * With `hasLaterHooks`, `end` has to be called after the hooks that run after `send`. `earlier` are the fields that were
   * set before the handler.
   */
  constructor(
    fill: Fill,
    reply: FastifyReply,
    { isBackground, hasLaterHooks }: { readonly isBackground: boolean; readonly hasLaterHooks: boolean },
    earlier?: Fields,
  ) {
    this.#fill = fill;
    this.#reply = reply;
    this.#hasLaterHooks = hasLaterHooks;
    this.#head = new CapturedHead(reply, earlier);
    this.returned = interceptReply(reply, {
      send: (payload) => (this.#state.at === "running" ? this.#capture(payload) : payload),
      sendAgain: (payload, isError) => this.#captureAgain(payload, isError),
      // Fastify sends nothing for it once the client is gone.
      returnNothing: () => {
        if (this.#client.isClosed && this.#state.at === "running") this.#abandon("aborted");
      },
      hijack: () => this.#abandonUnheard(),
    });
    addFieldsAtWriteHead(reply.raw, () => this.#fieldsAtWriteHead());
    this.#client = new Client(reply.raw, isBackground, {
      disconnect: () => this.#disconnect(),
      close: () => this.#close(),
    });
  }

  /** Whether the text of an object, or of null, that was sent is to be given to `captureText`. */
  get awaitsText(): boolean {
    return this.#state.at === "captured" && this.#state.sent.kind === "object" && !this.#isRepeated;
  }

  /** Captures the text of the object that was sent: Fastify is given the same text and does not serialise again. */
  captureText(text: string): void {
    this.#setSent(capturedText(this.#reply, text));
    this.#head.captureText();
  }

  /** Opens the fill and returns what is sent; `payload` is what the application's own `onSend` hooks have left. */
  send(payload: unknown): unknown {
    if (this.#state.at === "running" && this.#state.isForError) this.#captureErrorPage(payload);
    if (this.#isRepeated && !this.#isFirst(payload)) this.#disown(payload);
    if (this.#state.at === "running") this.#abandon("failed");
    if (this.#state.at !== "captured") return payload;
    const { sent } = this.#state;
    const open = this.#open(this.#state);
    if (sent.kind === "stream") return this.#flow(open, sent.stream, payload);
    if (sent.kind === "passed") return this.#pass(open, sent.refusal, payload);
    // Only a hook has made content of it, and what hooks do is not stored.
    if (sent.kind === "object" && !sent.isNull) return this.#pass(open, "malformed", payload);
    return this.#complete(open, sent.kind === "object" ? undefined : sent.bytes, payload);
  }

  /** The hooks that run after `send` have run. */
  end(): void {
    if (this.#state.at === "opened") this.#state.deferred?.end();
  }

  /** An error is sent to the client, in the place of what was sent before. `isForeign`: it is not the handler's. */
  fail(error: unknown, isForeign = false): void {
    const state = this.#state;
    // The text of what was sent before is not that of an error.
    this.#restoreSerializer();
    if (state.at === "abandoned") return;
    if (state.at === "opened") {
      this.#state = { ...state, hasFailed: true };
      if (state.deferred?.abandon("failed") === true) this.#setFailedFields();
      return;
    }
    streamIn(state)?.stop();
    const isForError =
      !isForeign && error !== undefined && this.#fill.isAnswer(error, this.#reply.statusCode);
    this.#state = { at: "running", isForError };
    if (isForError) return;
    this.#abandon("failed", error);
    this.#setFailedFields();
  }

  /** Abandons the fill, unless it was opened. */
  #abandon(reason: Abandoned, error?: unknown): void {
    const state = this.#state;
    if (state.at === "opened" || state.at === "abandoned") return;
    this.#state = { at: "abandoned", reason, sent: sentIn(state) };
    this.#fill.abandon(reason, error);
  }

  #setFailedFields(): void {
    if (!this.#reply.raw.headersSent) setFields(this.#reply, this.#fill.passed("failed"));
  }

  #capture(payload: unknown): unknown {
    // What an error handler sends for it is the handler's only where the error is an answer (hazard 15).
    if (payload instanceof Error) return payload;
    if (isResponse(payload)) {
      if (isConsumed(payload)) {
        this.#abandon("failed");
        return payload;
      }
      setHead(this.#reply, payload);
    }
    const content: unknown = isResponse(payload) ? (payload.body ?? undefined) : payload;
    this.#head.capture(content);
    const bytes = bytesOf(content);
    if (bytes === undefined && isStream(content)) return this.#captureStream(content);
    this.#setSent(capturedContent(this.#reply, bytes ?? content));
    return bytes ?? content;
  }

  #setSent(sent: Captured): void {
    this.#state = { at: "captured", isForError: this.#isForError, sent };
  }

  get #isForError(): boolean {
    return this.#state.at !== "abandoned" && this.#state.isForError;
  }

  /** Returns a stream to be sent in the place of one that may be stored; one that nobody else will read is left alone. */
  #captureStream(own: AnyStream): unknown {
    const isRead = this.#client.isConnected && this.#head.status !== 304;
    let refusal = isRead ? this.#fill.refusal(this.#head.complete()) : undefined;
    // With a text as its first part, Node writes the head in UTF-8, which it does not for the bytes that others get.
    const isSized = this.#reply.hasHeader("content-length");
    if (isSized && areBeyondAscii(this.#reply.getHeaders())) refusal ??= "malformed";
    if (refusal !== undefined) {
      this.#setSent({ kind: "passed", refusal });
      return own;
    }
    const stream = new HandlerStream(own);
    this.#setSent({ kind: "stream", stream });
    if (!this.#client.isBackground) abortWith(stream.stream, this.#reply);
    return stream.stream;
  }

  /** The handler sends twice. Fastify writes what passes the hooks first, and that need not be the first. */
  #captureAgain(payload: unknown, isError: boolean): unknown {
    const state = this.#state;
    if (isError) {
      // Fastify calls `onError` for the first error, but not for one that an error handler throws or hands on.
      if (this.#isForError) this.fail(payload);
      if (this.#isForError) this.#head.captureErrorFields();
      return payload;
    }
    if (state.at === "running" && state.isForError) return this.#capture(payload);
    // What is sent for an error that came later is not the handler's.
    if (state.at === "opened" && state.hasFailed && !state.isForError) return payload;
    this.#isRepeated = true;
    // The text of the first is not that of the second.
    this.#restoreSerializer();
    return payload;
  }

  #restoreSerializer(): void {
    const sent = sentIn(this.#state);
    if (sent?.kind === "content") sent.restore?.();
  }

  /** Fastify's own page for an error does not pass `reply.send`: its fields were captured with the error. */
  #captureErrorPage(payload: unknown): void {
    this.#head.captureErrorStatus();
    this.#setSent(capturedErrorPage(this.#reply, payload));
  }

  /** Whether a payload is what was captured, under the status that it had then. */
  #isFirst(payload: unknown): boolean {
    const sent = sentIn(this.#state);
    if (sent?.kind !== "content" || this.#reply.statusCode !== this.#head.status) return false;
    return (payload ?? undefined) === sent.bytes;
  }

  /** Fastify sends, or may send, something else than what was captured: nothing of that is stored. */
  #disown(payload: unknown): void {
    const state = this.#state;
    const stream = streamIn(state);
    if (state.at === "captured") {
      this.#abandon("failed");
      if (this.#client.isConnected) stream?.pass();
      else this.#stop(stream);
    } else if (stream !== undefined && payload !== stream.stream && !this.#reply.raw.headersSent)
      stream.disown();
  }

  #open({ isForError, sent }: Extract<State, { at: "captured" }>): OpenFill {
    const opened = { at: "opened", isForError, sent, hasFailed: false, deferred: undefined } as const;
    // Set first: a fill that throws as it is opened must not be abandoned too.
    this.#state = opened;
    try {
      const open = this.#fill.open(this.#head.complete(sent));
      if (this.#hasLaterHooks) this.#state = { ...opened, deferred: new DeferredHead(this.#reply, open) };
      return open;
    } catch (error) {
      streamIn(this.#state)?.stop();
      throw error;
    }
  }

  #complete(open: OpenFill, content: string | Uint8Array | undefined, payload: unknown): unknown {
    const returned = open.complete(content);
    const isAsSent = (payload ?? undefined) === content;
    return this.#apply(isAsSent ? returned : wholeOf(returned, this.#head), payload);
  }

  /** Sends what the handler sent, or what hooks made of it, without storing it: only the head is the cache's. */
  #pass(open: OpenFill, reason: Refusal, payload: unknown): unknown {
    // The refusal was of the captured head: a hook may have removed its reason, but the content was not captured.
    open.refuse(reason);
    const streamed = open.stream();
    // Nobody else reads what is not shared.
    if (isStream(payload)) this.#client.stop();
    return this.#apply({ ...streamed, body: undefined }, payload);
  }

  #flow(open: OpenFill, stream: HandlerStream, payload: unknown): unknown {
    if (this.#head.status === 304) {
      // It has no content (RFC 9110 §15.4.5).
      stream.stop();
      return this.#apply(open.complete(undefined), null);
    }
    const streamed = open.stream(() => this.#stop(stream));
    const { status, fields, unlessSet, making, sink } = streamed;
    this.#apply({ status, fields, unlessSet, making, body: undefined }, payload);
    if (sink === undefined && !this.#client.isConnected) {
      this.#stop(stream);
      return null;
    }
    if (sink === undefined) stream.pass();
    else stream.share(sink, this.#client.isBackground ? undefined : streamed.content, this.#client);
    if (!this.#client.isClosed) return payload;
    stream.destroy();
    return null;
  }

  #apply(returned: Reply, payload: unknown): unknown {
    const sent = applyReply(this.#reply, returned, this.#head, payload);
    if (this.#state.at === "opened") this.#state.deferred?.begin();
    return sent;
  }

  /** Nobody wants the rest of what the handler sends. */
  #stop(stream: HandlerStream | undefined): void {
    stream?.stop();
    this.#client.stop();
  }

  /** The handler writes without Fastify, and the cache cannot read that. */
  #abandonUnheard(): void {
    this.#abandon("unheard");
    // A captured stream is read by whatever sends it now.
    streamIn(this.#state)?.pass();
    this.#client.stop();
  }

  /** Returns the fields of a head that is written without Fastify. */
  #fieldsAtWriteHead(): Fields | undefined {
    const state = this.#state;
    if (state.at === "opened" || (state.at === "abandoned" && state.reason !== "unheard")) return undefined;
    if (this.#isForError) return undefined;
    if (state.at !== "abandoned") this.#abandonUnheard();
    return this.#fill.passed("unheard");
  }

  /** The client disconnects; returns whether the run goes on. */
  #disconnect(): boolean {
    const state = this.#state;
    if (state.at === "opened") return streamIn(state)?.detach() ?? false;
    if (state.at === "abandoned") return false;
    // The handler has written without Fastify, which will send nothing.
    if (this.#reply.raw.headersSent) this.fail(undefined);
    else if (this.#fill.leave()) return true;
    else {
      streamIn(state)?.stop();
      this.#state = { at: "abandoned", reason: "aborted", sent: sentIn(state) };
    }
    return false;
  }

  /** The response is closed: its client has all of it, or has disconnected. */
  #close(): void {
    const state = this.#state;
    if (state.at === "opened") state.deferred?.abandon("aborted");
    if (state.at === "opened" || state.at === "abandoned") streamIn(state)?.destroy();
    else if (this.#client.isBackground || this.#client.isDetached) this.#abandon("failed");
    else this.#disconnect();
  }
}
