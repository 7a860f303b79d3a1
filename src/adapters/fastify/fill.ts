import type { FastifyReply } from "fastify";
import { subtractFields } from "../../adapter.ts";
import type { Fields, Fill, HandlerHead, OpenFill, Refusal } from "../../adapter.ts";
import { onceClosed } from "../node/gone.ts";
import { listenTo } from "./handler-calls.ts";
import { HandlerStream } from "./handler-stream.ts";
import { serializerOf } from "./kept.ts";
import { bufferOf, isConsumed, isResponse, isStream, sayHead } from "./payload.ts";
import { applyReply, breakWith, fieldsOf, wholeOf, withLate } from "./reply.ts";
import { serializeBy } from "./serialised.ts";
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
  readonly #hasClient: boolean;
  readonly #before: Fields;
  #own: Fields = [];
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
  #isAwaited = false;
  #hasLeft = false;
  #isOver = false;

  /** `hasClient` is false for a run behind the clients' backs, whose reply nobody reads. */
  constructor(fill: Fill, reply: FastifyReply, hasClient: boolean) {
    this.#fill = fill;
    this.#reply = reply;
    this.#hasClient = hasClient;
    this.#before = fieldsOf(reply);
    listenTo(reply, {
      take: (said) => (this.#isOver ? said : this.#take(said)),
      takeAgain: () => this.#takeAgain(),
      await: () => void (this.#isAwaited = true),
      // Nobody hears what is said past Fastify.
      leaveAlone: () => this.abandon("failed"),
    });
    onceClosed(reply.raw, () => this.#leave());
  }

  /** Whether the handler sent an object whose text is not known yet. */
  get awaitsText(): boolean {
    if (!this.#isSaid || this.#isOver || this.#isRepeated || this.#passed !== undefined) return false;
    return this.#content === undefined && this.#stream === undefined;
  }

  /** Takes the text that a serializer made of the handler's object: Fastify, which would ask it again, is given that. */
  takeText(text: string): void {
    this.#content = { bytes: text };
    this.#takeBack = serializeBy(this.#reply, () => text);
  }

  /** Decides what is sent: called with the payload that the application's own `onSend` hooks left. */
  send(payload: unknown): unknown {
    if (!this.#isSaid) return payload;
    if (this.#isRepeated && !this.#isFirst(payload)) this.#disown(payload);
    if (this.#isOver) return payload;
    this.#isOver = true;
    const open = this.#open();
    const stream = this.#stream;
    if (stream !== undefined && this.#status === 304) {
      // A stream for a message without content (RFC 9110 §15.4.5).
      stream.stop();
      return applyReply(this.#reply, open.complete(undefined), this.#own, this.#status, null);
    }
    if (stream !== undefined) return this.#flow(open, stream, payload);
    if (this.#passed !== undefined) return this.#pass(open, this.#passed, payload);
    if (this.#content !== undefined) return this.#complete(open, this.#content.bytes, payload);
    if (this.#isNull) return this.#complete(open, undefined, payload);
    // An object of which only a hook makes content: what hooks do is not stored.
    return this.#pass(open, "malformed", payload);
  }

  /** What the handler returned: Fastify sends nothing for it where that is nothing and the client is gone. */
  returned(result: unknown): void {
    if (!(result instanceof Promise)) return;
    const end = (value: unknown): void => {
      const isNothing = value === undefined && !this.#isSaid && !this.#isAwaited;
      if (isNothing && this.#hasLeft) this.abandon("aborted");
    };
    // Of a rejection Fastify tells `onError`.
    result.then(end, () => undefined);
  }

  /** The handler failed, or went away without an answer. */
  abandon(reason: "failed" | "aborted", error?: unknown): void {
    // An opened run ends with its content.
    if (this.#isOver) return;
    this.#isOver = true;
    this.#fill.abandon(reason, error);
  }

  /** It is over with an error of which Fastify tells the client: what the handler sent is not. */
  fail(error: unknown): void {
    this.#hasFailed = true;
    if (this.#isOver) return;
    this.#stream?.stop();
    this.abandon("failed", error);
  }

  #open(): OpenFill {
    try {
      return this.#fill.open(this.#head());
    } catch (error) {
      this.#stream?.stop();
      throw error;
    }
  }

  #complete(open: OpenFill, content: string | Uint8Array | undefined, payload: unknown): unknown {
    const said = open.complete(content);
    const isPart = this.#status === 200 && (said.status === 206 || said.status === 416);
    const isChanged = (payload ?? undefined) !== content;
    const sent = isPart && isChanged ? wholeOf(said, this.#status) : said;
    return applyReply(this.#reply, sent, this.#own, this.#status, payload);
  }

  /** What came from the handler, or what hooks made of it, is sent, and the cache has its say of the head. */
  #pass(open: OpenFill, reason: Refusal, payload: unknown): unknown {
    // A hook may have taken back what forbade to store it; its content was not listened to all the same.
    open.refuse(reason);
    const { status, fields } = open.stream();
    return applyReply(this.#reply, { status, fields, body: undefined }, this.#own, this.#status, payload);
  }

  #flow(open: OpenFill, stream: HandlerStream, payload: unknown): unknown {
    const streamed = open.stream(() => stream.stop());
    const { status, fields, sink } = streamed;
    applyReply(this.#reply, { status, fields, body: undefined }, this.#own, this.#status, payload);
    if (sink === undefined && this.#hasClient) stream.pass();
    else if (sink === undefined) {
      stream.stop();
      // Nobody is there to read it.
      return null;
    } else stream.share(sink, this.#hasClient ? streamed.content : undefined);
    if (!this.#hasLeft) return payload;
    stream.leave();
    return null;
  }

  /** The response is closed: its client has all of it, or has gone. */
  #leave(): void {
    if (this.#isOver) this.#stream?.leave();
    else if (!this.#hasClient) this.abandon("failed");
    // Somebody answered past Fastify: nothing will be sent through it.
    else if (this.#reply.raw.writableEnded) this.fail(undefined);
    else {
      this.#hasLeft = true;
      if (this.#fill.leave()) return;
      this.#isOver = true;
      this.#stream?.stop();
    }
  }

  /** The handler sends twice. Fastify writes what gets through the hooks first, and that need not be the first. */
  #takeAgain(): void {
    if (this.#hasFailed) return;
    this.#isRepeated = true;
    // The text of the first is no text of the second.
    this.#takeBack?.();
  }

  /** What is sent is not, or need not be, what was taken: nothing of that is stored. */
  #disown(payload: unknown): void {
    const stream = this.#stream;
    if (!this.#isOver) {
      this.abandon("failed");
      stream?.pass();
    } else if (stream !== undefined && payload !== stream.stream && !this.#reply.raw.headersSent)
      stream.disown();
  }

  /** Whether a payload is what the handler sent first, under the head that it had then. */
  #isFirst(payload: unknown): boolean {
    if (this.#reply.statusCode !== this.#status || this.#content === undefined) return false;
    return (payload ?? undefined) === this.#content.bytes;
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
    this.#own = subtractFields(fieldsOf(this.#reply), this.#before);
    const buffer = bufferOf(said);
    this.#isNull = said === null;
    if (said === undefined) this.#content = { bytes: undefined };
    else if (typeof said === "string") this.#takeString(said);
    else if (buffer !== undefined) this.#content = { bytes: (said = buffer) };
    else if (isStream(said)) return this.#takeStream(said);
    this.#isTyped = said !== undefined;
    return said;
  }

  #takeString(said: string): void {
    this.#content = { bytes: said };
    const serialize = serializerOf(this.#reply);
    if (serialize === undefined) return;
    // Fastify asks it where the reply has a content type.
    this.#takeBack = serializeBy(this.#reply, (payload) => {
      const bytes = serialize(payload);
      this.#content = { bytes };
      return bytes;
    });
  }

  /** Stands in for a stream that may be stored; what nobody else will read is left alone. */
  #takeStream(said: AnyStream): unknown {
    const mayPass = this.#hasClient && !this.#hasLeft && this.#status !== 304;
    if (mayPass) this.#passed = this.#fill.refusal(this.#head());
    if (this.#passed !== undefined) return said;
    const { stream } = (this.#stream = new HandlerStream(said));
    if (this.#hasClient) breakWith(stream, this.#reply);
    return stream;
  }

  /** The handler's head; its content type and its cookies may have been written since it called `send`. */
  #head(): HandlerHead {
    const now = subtractFields(fieldsOf(this.#reply), this.#before);
    return { status: this.#status, fields: withLate(this.#own, now, this.#isTyped), earlier: this.#before };
  }
}
