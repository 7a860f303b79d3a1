import { Readable, Transform, pipeline } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";
import type { FastifyReply } from "fastify";
import { subtractFields, toFields } from "../../adapter.ts";
import type { Fields, Fill, HandlerHead, Sink } from "../../adapter.ts";
import { applyReply } from "./reply.ts";

type Serializer = (payload: unknown) => string;

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
  readonly #before: Fields;
  #own: Fields = [];
  #status = 200;
  #content: { readonly bytes: Uint8Array | string | undefined } | undefined;
  #tap: Tap | undefined;
  #serializer: Serializer | undefined;
  #isSaid = false;
  #isOver = false;

  constructor(fill: Fill, reply: FastifyReply) {
    this.#fill = fill;
    this.#reply = reply;
    this.#before = fieldsOf(reply);
    this.#listen();
  }

  /** Whether the handler sent an object whose text is not known yet. */
  get awaitsText(): boolean {
    return this.#isSaid && !this.#isOver && this.#content === undefined && this.#tap === undefined;
  }

  /** Takes the text that a serializer made of the handler's object. */
  takeText(text: string | Uint8Array): void {
    this.#content = { bytes: text };
  }

  /** Decides what is sent: called with the payload that the application's own `onSend` hooks left. */
  send(payload: unknown): unknown {
    if (!this.#isSaid || this.#isOver) return payload;
    this.#isOver = true;
    const open = this.#fill.open(this.#head());
    if (this.#status === 304 && this.#tap !== undefined) {
      // A stream for a message without content (RFC 9110 §15.4.5).
      this.#tap.stream.resume();
      this.#tap.flowInto(undefined);
      return applyReply(this.#reply, open.complete(undefined), this.#own, this.#status, payload);
    }
    if (this.#content !== undefined) {
      return applyReply(this.#reply, open.complete(this.#content.bytes), this.#own, this.#status, payload);
    }
    if (this.#tap === undefined) {
      open.abandon("failed");
      return payload;
    }
    const streamed = open.stream();
    applyReply(this.#reply, { ...streamed, body: undefined }, this.#own, this.#status, payload);
    this.#tap.flowInto(streamed.sink);
    return payload;
  }

  /** The handler failed, or its client went away. */
  abandon(reason: "failed" | "aborted"): void {
    // An opened run ends with its content, of which the tap hears.
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tap?.flowInto(undefined);
    this.#fill.abandon(reason);
  }

  /** Stands in the place of `reply.send` and `reply.serializer` until the handler has sent. */
  #listen(): void {
    const reply = this.#reply;
    const { send, serializer } = reply;
    reply.serializer = (serialize) => {
      this.#serializer = serialize as Serializer;
      return serializer.call(reply, serialize);
    };
    reply.send = (payload?: unknown) => {
      Reflect.deleteProperty(reply, "send");
      Reflect.deleteProperty(reply, "serializer");
      return send.call(reply, reply.sent ? payload : this.#take(payload));
    };
  }

  #take(payload: unknown): unknown {
    // Fastify makes an error of it, and what its error handler sends is not the handler's (hazard 15).
    if (payload instanceof Error) return payload;
    let said = payload;
    if (isResponse(payload)) {
      sayHead(this.#reply, payload);
      said = payload.body ?? undefined;
    }
    this.#isSaid = true;
    this.#status = this.#reply.statusCode;
    this.#own = subtractFields(fieldsOf(this.#reply), this.#before);
    if (said === undefined) this.#content = { bytes: undefined };
    else if (typeof said === "string") this.#content = { bytes: this.#serializer?.(said) ?? said };
    else if (ArrayBuffer.isView(said)) this.#content = { bytes: bytesOf(said) };
    else if (isStream(said)) said = (this.#tap = new Tap(said)).stream;
    return said;
  }

  /** The handler's head; its content type and its cookies may have been written since it called `send`. */
  #head(): HandlerHead {
    const now = subtractFields(fieldsOf(this.#reply), this.#before);
    const since = now.filter(
      ([name]) => name === "set-cookie" || (name === "content-type" && !this.#says(name)),
    );
    const own = [...this.#own.filter(([name]) => name !== "set-cookie"), ...since];
    return { status: this.#status, fields: own, earlier: this.#before };
  }

  #says(name: string): boolean {
    return this.#own.some(([said]) => said === name);
  }
}

/** Lets a stream flow through, and copies of its parts into a sink once there is one. */
class Tap {
  readonly stream: Transform;
  #early: Buffer[] | undefined = [];
  #sink: Sink | undefined;
  #hasEnded = false;
  #failure: "failed" | "aborted" | undefined;

  constructor(source: NodeJS.ReadableStream | WebStream) {
    const copy = (chunk: Buffer): void =>
      this.#early === undefined ? this.#sink?.write(chunk) : void this.#early.push(chunk);
    const end = (): void => {
      this.#hasEnded = true;
      if (this.#early === undefined) this.#sink?.end();
    };
    this.stream = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        copy(chunk);
        done(null, chunk);
      },
      flush(done) {
        end();
        done();
      },
    });
    const readable = "getReader" in source ? Readable.fromWeb(source) : source;
    // The source's failure destroys what flows on, so that the client's connection breaks instead of ending cleanly.
    pipeline(readable, this.stream, (error) => {
      if (error !== null && error !== undefined) this.#break("failed");
    });
    // A source may take its time to close, so the one who stops reading is heard here and not from the pipeline.
    this.stream.once("close", () => this.#break("aborted"));
  }

  #break(failure: "failed" | "aborted"): void {
    if (this.#hasEnded) return;
    this.#failure ??= failure;
    this.#sink?.abandon(this.#failure);
  }

  /** Says where the copies go, or that nobody wants them. */
  flowInto(sink: Sink | undefined): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#sink = sink;
    for (const chunk of early) sink?.write(chunk);
    if (this.#hasEnded) sink?.end();
    else if (this.#failure !== undefined) sink?.abandon(this.#failure);
  }
}

function fieldsOf(reply: FastifyReply): Fields {
  return toFields(reply.getHeaders());
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function isStream(payload: unknown): payload is NodeJS.ReadableStream | WebStream {
  if (typeof payload !== "object" || payload === null) return false;
  return ("pipe" in payload && typeof payload.pipe === "function") || "getReader" in payload;
}

/** As Fastify tells one, whichever realm made it. */
function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === "[object Response]";
}

/** Says a `Response` payload's head where Fastify would: it does so only after the `onSend` hooks. */
function sayHead(reply: FastifyReply, response: Response): void {
  reply.code(response.status);
  for (const [name, value] of response.headers) reply.header(name, value);
}
