import type { FastifyReply } from "fastify";
import { changesOf, subtractFields, takeTags } from "../../adapter.ts";
import type { Fields, HandlerHead, Making } from "../../adapter.ts";
import { makingOf, textIn } from "../node/response-form.ts";
import { isStream } from "./payload.ts";
import type { Captured } from "./payload.ts";
import { fieldsOf } from "./reply.ts";

/**
 * The head of a handler's response at the moment when the handler sends. Hooks run again on every hit: what they set
 * before or after that is not the handler's and must not be stored (hazard 13).
 */
export class CapturedHead {
  readonly #reply: FastifyReply;
  /** The fields set before the lookup. */
  readonly earlier: Fields;
  #own: Fields = [];
  #making: Making | undefined;
  #status = 200;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
    this.earlier = fieldsOf(reply);
  }

  /** The handler's status code. */
  get status(): number {
    return this.#status;
  }

  /** The fields that the handler set. */
  get own(): Fields {
    return this.#own;
  }

  /** The handler sends this payload. */
  capture(payload: unknown): void {
    this.#status = this.#reply.statusCode;
    const changes = changesOf(fieldsOf(this.#reply), this.earlier);
    this.#own = changes.fields;
    this.#making = makingOf({ textIn: textIn(payload, undefined), isParted: isStream(payload) }, changes);
  }

  /** The handler's object was serialised: it is sent as text. */
  captureText(): void {
    this.#making = { ...this.#making, textIn: "utf8" };
  }

  /** An error is handed to Fastify, whose own page may follow. */
  captureErrorFields(): void {
    this.#own = subtractFields(fieldsOf(this.#reply), this.earlier);
  }

  /** Fastify sends its own page for an error. */
  captureErrorStatus(): void {
    this.#status = this.#reply.statusCode;
  }

  /**
   * Returns the head for the core, with what has been set since and is still the handler's: cookies, which plugins
   * write in hooks, and the content type that Fastify sets where a handler set none.
   */
  complete(captured?: Captured): HandlerHead {
    const content = captured?.kind === "content" ? captured.bytes : undefined;
    const isTyped = content !== undefined || captured?.kind === "object";
    const now = subtractFields(fieldsOf(this.#reply), this.earlier);
    const hasType = this.#own.some(([name]) => name === "content-type");
    const isLate = ([name]: Fields[number]): boolean =>
      name === "set-cookie" || (name === "content-type" && isTyped && !hasType);
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
 * Adds to the fields set before the lookup the security policies that hooks have set since the handler sent: those,
 * too, have another nonce on each hit (hazard 37).
 */
function withLatePolicies(earlier: Fields, now: Fields, own: Fields): Fields {
  const late = now.filter(([name, value]) => {
    return (
      name.startsWith("content-security-policy") && !own.some(([set, as]) => set === name && as === value)
    );
  });
  return late.length === 0 ? earlier : [...late, ...earlier];
}
