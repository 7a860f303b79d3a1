import { ServerResponse } from "node:http";
import type { OpenFill } from "../../adapter.ts";
import { cookiesOf, noncePoliciesOf } from "./reply-fields.ts";

/** What Node calls, in every way of sending, once nobody can change the head any more; its own fields can still be set. */
interface HeadStore {
  _storeHeader(firstLine: string, fields: unknown): unknown;
}

/** What Node calls where content is sent and no head was written. */
interface HeadWriter {
  _implicitHeader(): void;
}

/**
 * The head of a response that leaves through middleware, which may still change it.
 *
 * What the fill does for others waits until it has left: a session may write its cookie then, and with that the
 * response is for one client alone (hazard 33).
 */
export class WrappedHead {
  readonly #res: ServerResponse;
  readonly #opened: OpenFill;
  readonly #go: ReturnType<NonNullable<OpenFill["defer"]>> | undefined;
  #isGone = false;
  #lookAway: () => void = () => undefined;

  constructor(res: ServerResponse, opened: OpenFill) {
    this.#res = res;
    this.#opened = opened;
    this.#go = opened.defer?.();
  }

  /** Lets it go: at once where the handler wrote it before its content, else with that. `write` writes it. */
  begin(isWritten: boolean, write: () => void): void {
    const res = this.#res;
    const known = new Set(cookiesOf(res));
    const policies = new Set(noncePoliciesOf(res));
    this.#lookAway = onHeaders(res, () => {
      this.#isGone = true;
      const isLate = cookiesOf(res).some((line) => !known.has(line));
      // The content has been read by then, and not for this nonce (hazard 37).
      const isUnread = noncePoliciesOf(res).some((line) => !policies.has(line));
      const said = this.#go?.(isLate ? "late-cookie" : isUnread ? "nonce" : undefined) ?? [];
      for (const [name, value] of said) res.setHeader(name, value);
    });
    if (isWritten) return write();
    // Not by what the handler has put in front of Node's way: that has had its say.
    const methods = res as unknown as HeadWriter;
    methods._implicitHeader = () => {
      Reflect.deleteProperty(res, "_implicitHeader");
      write();
    };
  }

  /** The response is over: nothing is stored of what has not left. */
  abandon(): void {
    if (!this.#isGone) this.#opened.abandon("aborted");
  }

  /** What stands in front has failed; answers whether the head has not left: somebody else answers then. */
  fail(): boolean {
    if (this.#isGone) return false;
    this.#isGone = true;
    this.#lookAway();
    Reflect.deleteProperty(this.#res, "_implicitHeader");
    this.#opened.abandon("failed");
    return true;
  }
}

/**
 * Calls `look` as the head of a response leaves: after everything that stands in front has had its say. Fields may
 * still be set then. Node tells this nowhere else; whoever took its methods from the prototype is not seen there.
 * Returns how to look away before.
 */
export function onHeaders(res: ServerResponse, look: () => void): () => void {
  const methods = res as unknown as HeadStore;
  // A response that has fields merges with them what is given to `writeHead`, so that it can be read.
  if (res.getHeaderNames().length === 0) {
    ServerResponse.prototype.setHeader.call(res, "vary", "");
    ServerResponse.prototype.removeHeader.call(res, "vary");
  }
  const own = Object.getOwnPropertyDescriptor(res, "_storeHeader");
  const { _storeHeader: store } = methods;
  const lookAway = (): void => {
    if (own === undefined) Reflect.deleteProperty(res, "_storeHeader");
    else Object.defineProperty(res, "_storeHeader", own);
  };
  methods._storeHeader = function storeHeader(firstLine, fields) {
    lookAway();
    look();
    return Reflect.apply(store, res, [firstLine, fields]);
  };
  return lookAway;
}
