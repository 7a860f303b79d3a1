import type { FastifyReply } from "fastify";
import { subtractFields, toFields } from "../../adapter.ts";
import type { Fields, Fill, HandlerHead, OpenFill, Refusal } from "../../adapter.ts";
import { HandlerStream } from "./handler-stream.ts";
import { applyReply } from "./reply.ts";
import type { AnyStream } from "./source.ts";

type Serializer = (payload: unknown) => string;

/** What stands in the place of a reply's own methods until the handler has sent. */
const SHADOWED = ["send", "serializer", "hijack", "then"] as const;

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
  /** Why the handler's stream is not listened to. */
  #passed: Refusal | undefined;
  #serializer: Serializer | undefined;
  #isSaid = false;
  #isAwaited = false;
  #hasLeft = false;
  #isOver = false;

  /** `hasClient` is false for a run behind the clients' backs, whose reply nobody reads. */
  constructor(fill: Fill, reply: FastifyReply, hasClient: boolean) {
    this.#fill = fill;
    this.#reply = reply;
    this.#hasClient = hasClient;
    this.#before = fieldsOf(reply);
    this.#listen();
    reply.raw.once("close", () => this.#leave());
  }

  /** Whether the handler sent an object whose text is not known yet. */
  get awaitsText(): boolean {
    if (!this.#isSaid || this.#isOver || this.#passed !== undefined) return false;
    return this.#content === undefined && this.#stream === undefined;
  }

  /** Takes the text that a serializer made of the handler's object. */
  takeText(text: string | Uint8Array): void {
    this.#content = { bytes: text };
  }

  /** Decides what is sent: called with the payload that the application's own `onSend` hooks left. */
  send(payload: unknown): unknown {
    if (!this.#isSaid || this.#isOver) return payload;
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
    if (this.#content !== undefined) {
      return applyReply(this.#reply, open.complete(this.#content.bytes), this.#own, this.#status, payload);
    }
    open.abandon("failed");
    return payload;
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

  /** The handler's own stream is sent, and the cache has its say of the head. */
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
    else {
      this.#hasLeft = true;
      if (this.#fill.leave()) return;
      this.#isOver = true;
      this.#stream?.stop();
    }
  }

  /** Stands in the place of methods of the reply until the handler has sent. */
  #listen(): void {
    const reply = this.#reply;
    const { send, serializer, hijack, then } = reply;
    const release = (): void => {
      for (const name of SHADOWED) Reflect.deleteProperty(reply, name);
    };
    reply.serializer = (serialize) => {
      this.#serializer = serialize as Serializer;
      return serializer.call(reply, serialize);
    };
    reply.send = (payload?: unknown) => {
      release();
      return send.call(reply, reply.sent || this.#isOver ? payload : this.#take(payload));
    };
    // A handler that returns the reply sends later; once the client is gone, Fastify does not wait for it.
    Reflect.set(reply, "then", (...settle: Parameters<typeof then>) => {
      this.#isAwaited = true;
      then.apply(reply, settle);
    });
    // Nobody hears what is said past Fastify.
    reply.hijack = () => {
      release();
      this.abandon("failed");
      return hijack.call(reply);
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
    else if (isStream(said)) said = this.#takeStream(said);
    return said;
  }

  /** Stands in for a stream that may be stored; what nobody else will read is left alone. */
  #takeStream(said: AnyStream): unknown {
    const mayPass = this.#hasClient && !this.#hasLeft && this.#status !== 304;
    if (mayPass) this.#passed = this.#fill.refusal(this.#head());
    return this.#passed === undefined ? (this.#stream = new HandlerStream(said)).stream : said;
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

function fieldsOf(reply: FastifyReply): Fields {
  return toFields(reply.getHeaders());
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function isStream(payload: unknown): payload is AnyStream {
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
