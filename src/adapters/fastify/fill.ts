import type { FastifyReply } from "fastify";
import { changesOf, subtractFields } from "../../adapter.ts";
import type {
  Abandoned,
  Fields,
  Fill,
  HandlerHead,
  Making,
  OpenFill,
  Refusal,
  Reply,
} from "../../adapter.ts";
import { listenTo, onNothing } from "./reply-interceptor.ts";
import { HandlerStream } from "./handler-stream.ts";
import { areBeyondAscii, makingOf, textIn } from "../node/response-form.ts";
import { Leader } from "./client.ts";
import { Leaving } from "./leaving.ts";
import { bufferOf, isConsumed, isResponse, isStream, sayHead } from "./payload.ts";
import { addFieldsAtWriteHead } from "../node/write-head-fields.ts";
import {
  applyReply,
  breakWith,
  fieldsOf,
  isAsLong,
  setFields,
  wholeOf,
  withLate,
  withLatePolicies,
  withLength,
} from "./reply.ts";
import { overhear, serializeBy } from "./serialised.ts";
import type { AnyStream } from "./source.ts";

/**
 * Follows one run of a handler through Fastify's hooks.
 *
 * What the handler says is taken when it calls `reply.send`, before any `onSend` hook: those run again on every hit,
 * so what they add or change is not the handler's and must not be stored (hazard 13). What is sent is decided in the
 * route's first own `onSend` hook, when cookies that plugins write there are known.
 */
export class FastifyFill {
  readonly #fill: Fill;
  readonly #reply: FastifyReply;
  readonly #leader: Leader;
  readonly #before: Fields;
  #own: Fields = [];
  #making: Making | undefined;
  #status = 200;
  #content: { readonly bytes: Uint8Array | string | undefined } | undefined;
  #stream: HandlerStream | undefined;
  /** Takes back the serializer that this gave to the reply. */
  #takeBack: (() => void) | undefined;
  /** Why the handler's stream is not listened to. */
  #passed: Refusal | undefined;
  #isSaid = false;
  #isNull = false;
  /** Whether Fastify has given what was sent a content type where it had none. */
  #isTyped = false;
  /** The handler sent again before Fastify had written. */
  #isRepeated = false;
  #hasFailed = false;
  /** The handler has failed with what is an answer: what is sent for it is taken. */
  #isAnswering = false;
  /** Fastify sends, and its head says what the cache says. */
  #isSent = false;
  #isAwaited = false;
  #isOver = false;
  readonly #isDeferred: boolean;
  /** What is stored and shared only once the route's later hooks have had their say. */
  #leaving: Leaving | undefined;

  /** `hasClient`: somebody reads the reply. `isDeferred`: hooks come behind `send`, and `left` is called behind them. */
  constructor(fill: Fill, reply: FastifyReply, hasClient: boolean, isDeferred = false) {
    this.#fill = fill;
    this.#reply = reply;
    this.#isDeferred = isDeferred;
    this.#before = fieldsOf(reply);
    listenTo(reply, {
      take: (said) => (this.#isOver ? said : this.#take(said)),
      takeAgain: (said, isError) => this.#takeAgain(said, isError),
      await: () => void (this.#isAwaited = true),
      // Nobody hears what is said past Fastify.
      leaveAlone: () => this.#goUnheard(),
    });
    addFieldsAtWriteHead(reply.raw, () => this.#unheard());
    this.#leader = new Leader(reply.raw, hasClient, {
      leave: () => this.#leave(),
      close: () => this.#close(),
    });
  }

  /** Whether the handler sent an object whose text is not known yet. */
  get awaitsText(): boolean {
    if (!this.#isSaid || this.#isOver || this.#isRepeated || this.#passed !== undefined) return false;
    return this.#content === undefined && this.#stream === undefined;
  }

  /** Takes the text that a serializer made of the handler's object: Fastify, which would ask it again, is given that. */
  takeText(text: string): void {
    this.#content = { bytes: text };
    this.#making = { ...this.#making, textIn: "utf8" };
    this.#takeBack = serializeBy(this.#reply, () => text);
  }

  /** Decides what is sent: called with the payload that the application's own `onSend` hooks left. */
  send(payload: unknown): unknown {
    if (this.#isAnswering && !this.#isSaid) this.#takeErrorPage(payload);
    this.#isSent = true;
    if (!this.#isSaid) return payload;
    if (this.#isRepeated && !this.#isFirst(payload)) this.#disown(payload);
    if (this.#isOver) return payload;
    this.#isOver = true;
    const open = this.#open();
    const stream = this.#stream;
    if (stream !== undefined && this.#status === 304) {
      // A stream for a message without content (RFC 9110 §15.4.5).
      stream.stop();
      return this.#apply(open.complete(undefined), null);
    }
    if (stream !== undefined) return this.#flow(open, stream, payload);
    if (this.#passed !== undefined) return this.#pass(open, this.#passed, payload);
    if (this.#content !== undefined) return this.#complete(open, this.#content.bytes, payload);
    if (this.#isNull) return this.#complete(open, undefined, payload);
    // An object of which only a hook makes content: what hooks do is not stored.
    return this.#pass(open, "malformed", payload);
  }

  /** The route's later hooks have had their say. */
  left(): void {
    this.#leaving?.end();
  }

  /** What the handler returned: Fastify sends nothing for it where that is nothing and the client is gone. */
  returned(result: unknown): void {
    onNothing(result, () => {
      if (this.#leader.isTold && !this.#isSaid && !this.#isAwaited) this.abandon("aborted");
    });
  }

  /** Nobody hears what is said past Fastify. */
  #goUnheard(): void {
    this.abandon("unheard");
    // A stream that was taken is read by whoever sends it now.
    this.#stream?.pass();
    this.#leader.stop();
  }

  /** What a head says of the cache that is not Fastify's for this route. */
  #unheard(): Fields | undefined {
    if (this.#isSent || this.#hasFailed) return undefined;
    if (!this.#isOver) this.#goUnheard();
    return this.#fill.passed("unheard");
  }

  /** The handler failed, or went away without an answer. */
  abandon(reason: Abandoned, error?: unknown): void {
    // An opened run ends with its content.
    if (this.#isOver) return;
    this.#isOver = true;
    this.#fill.abandon(reason, error);
  }

  /** It is over with an error of which Fastify tells the client: what the handler sent is not. */
  fail(error: unknown): void {
    this.#hasFailed = true;
    if (this.#leaving?.abandon("failed") === true && !this.#reply.raw.headersSent)
      setFields(this.#reply, this.#fill.passed("failed"));
    if (this.#isOver) return;
    this.#stream?.stop();
    this.#takeBack?.();
    this.#isSaid = false;
    this.#content = this.#stream = this.#passed = undefined;
    this.#isAnswering = error !== undefined && this.#fill.isAnswer(error, this.#reply.statusCode);
    if (this.#isAnswering) return;
    this.abandon("failed", error);
    if (!this.#reply.raw.headersSent) setFields(this.#reply, this.#fill.passed("failed"));
  }

  #open(): OpenFill {
    try {
      const open = this.#fill.open(this.#head());
      if (this.#isDeferred) this.#leaving = new Leaving(this.#reply, open);
      return open;
    } catch (error) {
      this.#stream?.stop();
      throw error;
    }
  }

  #complete(open: OpenFill, content: string | Uint8Array | undefined, payload: unknown): unknown {
    const said = open.complete(content);
    const sent = (payload ?? undefined) === content ? said : wholeOf(said, this.#status);
    return this.#apply(sent, payload);
  }

  /** What came from the handler, or what hooks made of it, is sent, and the cache has its say of the head. */
  #pass(open: OpenFill, reason: Refusal, payload: unknown): unknown {
    // A hook may have taken back what forbade to store it; its content was not listened to all the same.
    open.refuse(reason);
    const said = open.stream();
    // Nobody reads what is not shared.
    if (isStream(payload)) this.#leader.stop();
    return this.#apply({ ...said, body: undefined }, payload);
  }

  #apply(said: Reply, payload: unknown): unknown {
    const before = { own: this.#own, earlier: this.#before, status: this.#status };
    const sent = applyReply(this.#reply, said, before, payload);
    this.#leaving?.begin();
    return sent;
  }

  #flow(open: OpenFill, stream: HandlerStream, payload: unknown): unknown {
    const streamed = open.stream(() => this.#stop(stream));
    const { status, fields, making, sink } = streamed;
    this.#apply({ status, fields, making, body: undefined }, payload);
    if (sink === undefined && !this.#leader.isThere) {
      this.#stop(stream);
      return null;
    }
    if (sink === undefined) stream.pass();
    else stream.share(sink, this.#leader.isClient ? streamed.content : undefined);
    if (!this.#leader.isTold) return payload;
    stream.leave();
    return null;
  }

  /** Nobody wants the rest of what the handler sends. */
  #stop(stream: HandlerStream | undefined): void {
    stream?.stop();
    this.#leader.stop();
  }

  /** The client goes; answers whether the run goes on. */
  #leave(): boolean {
    if (this.#isOver) return this.#stream?.depart() ?? false;
    // Somebody answers past Fastify: nothing will be sent through it.
    if (this.#reply.raw.headersSent) this.fail(undefined);
    else if (this.#fill.leave()) return true;
    this.#isOver = true;
    this.#stream?.stop();
    return false;
  }

  /** The response is closed: its client has all of it, or has gone. */
  #close(): void {
    this.#leaving?.abandon("aborted");
    if (this.#isOver) this.#stream?.leave();
    else if (!this.#leader.isClient || this.#leader.isHidden) this.abandon("failed");
    else this.#leave();
  }

  /** The handler sends twice. Fastify writes what gets through the hooks first, and that need not be the first. */
  #takeAgain(payload: unknown, isError: boolean): unknown {
    if (isError) {
      // Of the first error Fastify tells `onError`, but not of what an error handler fails with or hands on.
      if (this.#isAnswering) this.fail(payload);
      if (this.#isAnswering) this.#own = subtractFields(fieldsOf(this.#reply), this.#before);
    } else if (this.#isAnswering && !this.#isSaid && !this.#isOver) return this.#take(payload);
    else if (this.#isAnswering || !this.#hasFailed) {
      this.#isRepeated = true;
      // The text of the first is no text of the second.
      this.#takeBack?.();
    }
    return payload;
  }

  /** Fastify's own page for an error is sent by nobody: its fields are those of when the error was handed to it. */
  #takeErrorPage(payload: unknown): void {
    this.#isSaid = true;
    this.#isTyped = true;
    this.#status = this.#reply.statusCode;
    // Hooks that have made something else of it do so again on each hit.
    const isAsMade = typeof payload === "string" && isAsLong(payload, this.#reply);
    this.#content = isAsMade ? { bytes: payload } : undefined;
    this.#isNull = false;
  }

  /** What is sent is not, or need not be, what was taken: nothing of that is stored. */
  #disown(payload: unknown): void {
    const stream = this.#stream;
    if (!this.#isOver) {
      this.abandon("failed");
      if (this.#leader.isThere) stream?.pass();
      else this.#stop(stream);
    } else if (stream !== undefined && payload !== stream.stream && !this.#reply.raw.headersSent)
      stream.disown();
  }

  /** Whether a payload is what the handler sent first, under the head that it had then. */
  #isFirst(payload: unknown): boolean {
    const isSame = (payload ?? undefined) === this.#content?.bytes;
    return isSame && this.#content !== undefined && this.#reply.statusCode === this.#status;
  }

  #take(payload: unknown): unknown {
    // Fastify makes an error of it, and what its error handler sends is not the handler's (hazard 15).
    if (payload instanceof Error) return payload;
    let said = payload;
    if (isResponse(payload)) {
      if (isConsumed(payload)) {
        this.abandon("failed");
        return payload;
      }
      sayHead(this.#reply, payload);
      said = payload.body ?? undefined;
    }
    this.#isSaid = true;
    this.#status = this.#reply.statusCode;
    const changes = changesOf(fieldsOf(this.#reply), this.#before);
    this.#own = changes.fields;
    this.#making = makingOf({ textIn: textIn(said, undefined), isParted: isStream(said) }, changes);
    const buffer = bufferOf(said);
    this.#isNull = said === null;
    if (said === undefined || typeof said === "string") this.#content = { bytes: said };
    else if (buffer !== undefined) this.#content = { bytes: (said = buffer) };
    else if (isStream(said)) return this.#takeStream(said);
    if (typeof said === "string")
      this.#takeBack = overhear(this.#reply, (bytes) => (this.#content = { bytes }));
    this.#isTyped = said !== undefined;
    return said;
  }

  /** Stands in for a stream that may be stored; what nobody else will read is left alone. */
  #takeStream(said: AnyStream): unknown {
    if (this.#leader.isThere && this.#status !== 304) this.#passed = this.#fill.refusal(this.#head());
    // Perhaps it is one of text: Node would write the head in UTF-8 then, and does not for the bytes that others get.
    const isSized = this.#reply.hasHeader("content-length");
    if (isSized && areBeyondAscii(this.#reply.getHeaders())) this.#passed ??= "malformed";
    if (this.#passed !== undefined) return said;
    const { stream } = (this.#stream = new HandlerStream(said));
    if (this.#leader.isClient) breakWith(stream, this.#reply);
    return stream;
  }

  /** The handler's head; its content type and its cookies may have been written since it called `send`. */
  #head(): HandlerHead {
    const now = subtractFields(fieldsOf(this.#reply), this.#before);
    const own = withLate(this.#own, now, this.#isTyped);
    const fields = withLength(own, this.#reply, this.#content?.bytes);
    return {
      status: this.#status,
      fields,
      making: this.#making,
      earlier: withLatePolicies(this.#before, now, own),
    };
  }
}
