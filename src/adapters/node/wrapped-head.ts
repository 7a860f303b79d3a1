import type { ServerResponse } from "node:http";
import type { OpenFill, Refusal } from "../../adapter.ts";
import { onHeaders } from "./on-headers.ts";
import { cookiesOf, noncePoliciesOf } from "./reply-fields.ts";

/** Node calls this where content is sent before a head was written. */
interface HeadWriter {
  _implicitHeader(): void;
}

/**
 * The head of a response whose methods middleware has wrapped: it may change until it is sent.
 *
 * The fill stores and shares nothing until then. A session may set its cookie at the last moment, and that makes the
 * response private to one client (hazard 33).
 */
export class WrappedHead {
  readonly #res: ServerResponse;
  readonly #opened: OpenFill;
  readonly #publish: ReturnType<NonNullable<OpenFill["defer"]>> | undefined;
  #isSettled = false;
  #stopListening: () => void = () => undefined;

  constructor(res: ServerResponse, opened: OpenFill) {
    this.#res = res;
    this.#opened = opened;
    this.#publish = opened.defer?.();
  }

  /** Sends the head by calling `write`: at once if the handler wrote it before its content, else with that. */
  send(isWritten: boolean, write: () => void): void {
    const res = this.#res;
    const lateRefusal = watchLateFields(res);
    this.#stopListening = onHeaders(res, () => {
      this.#isSettled = true;
      for (const [name, value] of this.#publish?.(lateRefusal()) ?? []) res.setHeader(name, value);
    });
    if (isWritten) return write();
    // Node's default calls the handler's own `writeHead`, which has run already.
    const methods = res as unknown as HeadWriter;
    methods._implicitHeader = () => {
      Reflect.deleteProperty(res, "_implicitHeader");
      write();
    };
  }

  /** The response is over. Nothing is stored unless the head was sent. */
  abandon(): void {
    if (!this.#isSettled) this.#opened.abandon("aborted");
  }

  /** The middleware has thrown. Returns whether the head was not sent, so that somebody else may still respond. */
  fail(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#stopListening();
    Reflect.deleteProperty(this.#res, "_implicitHeader");
    this.#opened.abandon("failed");
    return true;
  }
}

/**
 * Returns a function that returns why the fields that were added to a response since forbid storing it; undefined if they
 * do not.
 */
export function watchLateFields(res: ServerResponse): () => Refusal | undefined {
  const cookies = new Set(cookiesOf(res));
  const policies = new Set(noncePoliciesOf(res));
  return () => {
    if (cookiesOf(res).some((line) => !cookies.has(line))) return "late-cookie";
    // The content was checked before, for other nonces (hazard 37).
    return noncePoliciesOf(res).some((line) => !policies.has(line)) ? "nonce" : undefined;
  };
}
