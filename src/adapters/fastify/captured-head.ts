import type { FastifyReply } from "fastify";
import { changesOf, subtractFields, takeTags } from "../../adapter.ts";
import type { Fields, HandlerHead, Making } from "../../adapter.ts";
import { makingOf, textIn } from "../node/response-form.ts";
import { isStream } from "./payload.ts";
import type { Captured } from "./payload.ts";
import { fieldsOf } from "./reply.ts";

/**
 * The head of a handler's response, as it is when the handler sends. Hooks run again on every hit, so fields that they set
 * before or after that must not be stored (hazard 13).
 */
export class CapturedHead {
  readonly #reply: FastifyReply;
  /** The fields set before the handler. */
  readonly earlier: Fields;
  #own: Fields = [];
  #making: Making | undefined;
  #status = 200;
  /** Whether Fastify sets a content type where the handler has set none: on all but a stream and undefined. */
  #isTyped = false;

  constructor(reply: FastifyReply, earlier: Fields = fieldsOf(reply)) {
    this.#reply = reply;
    this.earlier = earlier;
  }

  /** The handler's status code. */
  get status(): number {
    return this.#status;
  }

  /** The fields that the handler set. */
  get own(): Fields {
    return this.#own;
  }

  /** Captures the head as the handler sends this payload. */
  capture(payload: unknown): void {
    this.#status = this.#reply.statusCode;
    this.#isTyped = payload !== undefined && !isStream(payload);
    const changes = changesOf(fieldsOf(this.#reply), this.earlier);
    this.#own = changes.fields;
    this.#making = makingOf({ textIn: textIn(payload, undefined), isParted: isStream(payload) }, changes);
  }

  /** Records that the handler's object was serialized, and is sent as text. */
  captureText(): void {
    this.#making = { ...this.#making, textIn: "utf8" };
  }

  /** Captures the fields as an error is passed to Fastify, whose own page may follow. */
  captureErrorFields(): void {
    this.#own = subtractFields(fieldsOf(this.#reply), this.earlier);
  }

  /** Captures the status as Fastify sends its own page for an error. */
  captureErrorStatus(): void {
    this.#status = this.#reply.statusCode;
    this.#isTyped = true;
  }

  /**
   * Returns the head for the core. It includes two kinds of fields that were set since: cookies, which plugins write in
   * hooks for the handler, and the content type that Fastify sets if the handler set none.
   */
  complete(captured?: Captured): HandlerHead {
    const content = captured?.kind === "content" ? captured.bytes : undefined;
    const now = subtractFields(fieldsOf(this.#reply), this.earlier);
    const hasType = this.#own.some(([name]) => name === "content-type");
    const isLate = ([name]: Fields[number]): boolean =>
      name === "set-cookie" || (name === "content-type" && this.#isTyped && !hasType);
    const own = [...this.#own.filter(([name]) => name !== "set-cookie"), ...now.filter(isLate)];
    return {
      status: this.#status,
      fields: this.#withLength(own, content),
      making: this.#making,
      earlier: withLatePolicies(this.earlier, now, own),
      // Not before the head is final: until then an error handler may respond instead, and add its own.
      tags: captured && takeTags(this.#reply),
    };
  }

  /** Fastify sets the length of a HEAD's content only after the cache has read the head. */
  #withLength(own: Fields, content: string | Uint8Array | undefined): Fields {
    if (this.#reply.request.method !== "HEAD" || content === undefined) return own;
    if (own.some(([name]) => name === "content-length")) return own;
    return [...own, ["content-length", String(Buffer.byteLength(content))]];
  }
}

/**
 * Returns the fields set before the lookup, and the security policies that hooks have set since the handler sent. Those too
 * have another nonce on each hit (hazard 37).
 */
function withLatePolicies(earlier: Fields, now: Fields, own: Fields): Fields {
  const late = now.filter(([name, value]) => {
    return (
      name.startsWith("content-security-policy") && !own.some(([set, as]) => set === name && as === value)
    );
  });
  return late.length === 0 ? earlier : [...late, ...earlier];
}
