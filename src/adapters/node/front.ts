import type { ServerResponse } from "node:http";

const FRONTED = ["writeHead", "flushHeaders", "write", "end"] as const;

/** The methods by which a handler answers. */
export type AnswerMethod = (typeof FRONTED)[number];
/** One such method, in any of its forms. */
type Answering = (...args: unknown[]) => unknown;
type Methods = Record<AnswerMethod, Answering>;

/** Methods that stand in front of a response's own: Node's, or those of earlier middleware. */
export class Front {
  readonly #res: ServerResponse;
  readonly #own: Methods;
  readonly #outer: Methods;
  /** Which of the outer methods an earlier middleware had put on this response. */
  readonly #wrapped: ReadonlySet<string>;

  constructor(res: ServerResponse, own: Methods) {
    const methods = res as unknown as Methods;
    const { writeHead, flushHeaders, write, end } = methods;
    this.#res = res;
    this.#own = own;
    this.#outer = { writeHead, flushHeaders, write, end };
    this.#wrapped = new Set(FRONTED.filter((name) => Object.hasOwn(res, name)));
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

  /** Whether an earlier middleware had put a method of its own on this response, so that Node's is not the next. */
  isWrapped(name: AnswerMethod): boolean {
    return this.#wrapped.has(name);
  }

  /** Takes the methods off, except where another one stands in front of them. */
  remove(): void {
    const methods = this.#res as unknown as Methods;
    for (const name of FRONTED) {
      if (!this.isFirst(name)) continue;
      if (this.#wrapped.has(name)) methods[name] = this.#outer[name];
      else Reflect.deleteProperty(methods, name);
    }
  }
}
