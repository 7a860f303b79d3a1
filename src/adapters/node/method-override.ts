import { ServerResponse } from "node:http";

const FRONTED = ["writeHead", "flushHeaders", "write", "end"] as const;

/** The methods by which a handler answers. */
export type AnswerMethod = (typeof FRONTED)[number];
/** One such method, in any of its forms. */
type Answering = (...args: unknown[]) => unknown;
type Methods = Record<AnswerMethod, Answering>;

/** Methods that stand in front of a response's own: Node's, or those of earlier middleware. */
export class MethodOverride {
  readonly #res: ServerResponse;
  readonly #own: Methods;
  readonly #outer: Methods;
  /** Which of the outer methods an earlier middleware had put on this response. */
  readonly #owned: ReadonlySet<string>;
  /** Whether an earlier middleware has a say in what is sent: one of the outer methods is not Node's. */
  readonly isWrapped: boolean;

  constructor(res: ServerResponse, own: Methods) {
    const methods = res as unknown as Methods;
    const { writeHead, flushHeaders, write, end } = methods;
    this.#res = res;
    this.#own = own;
    this.#outer = { writeHead, flushHeaders, write, end };
    this.#owned = new Set(FRONTED.filter((name) => Object.hasOwn(res, name)));
    this.isWrapped = isWrapped(res);
    Object.assign(methods, own);
  }

  /** Calls the method that stands behind. */
  call(name: AnswerMethod, args: unknown[]): unknown {
    return Reflect.apply(this.#outer[name], this.#res, args);
  }

  /** Whether nobody else has put a method in front of this one. */
  isFirst(name: AnswerMethod): boolean {
    return (this.#res as unknown as Methods)[name] === this.#own[name];
  }

  /** Takes the methods off, except where another one stands in front of them. */
  remove(): void {
    const methods = this.#res as unknown as Methods;
    for (const name of FRONTED) {
      if (!this.isFirst(name)) continue;
      if (this.#owned.has(name)) methods[name] = this.#outer[name];
      else Reflect.deleteProperty(methods, name);
    }
  }
}

/**
 * Whether a method by which a response is sent is not Node's: middleware has a say in what is sent.
 *
 * Each is read at a place of its own, as below: read through a variable, they take V8 3 us on Express.
 */
export function isWrapped(res: ServerResponse): boolean {
  const { prototype: node } = ServerResponse;
  return (
    res.writeHead !== node.writeHead ||
    res.flushHeaders !== node.flushHeaders ||
    isWriteWrapped(res) ||
    isEndWrapped(res)
  );
}

/** Whether `write` is not Node's. */
export function isWriteWrapped(res: ServerResponse): boolean {
  return res.write !== ServerResponse.prototype.write;
}

/** Whether `end` is not Node's. */
export function isEndWrapped(res: ServerResponse): boolean {
  return res.end !== ServerResponse.prototype.end;
}

/**
 * Whether middleware may change what is written. That of compression does not change parts, because they forbid it; it
 * is known by what else it puts on a response.
 */
export function mayChangeContent(res: ServerResponse): boolean {
  const isChanged = isWriteWrapped(res) || isEndWrapped(res);
  return isChanged && typeof (res as { flush?: unknown }).flush !== "function";
}
