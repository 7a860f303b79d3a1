import { ServerResponse } from "node:http";

/** The last that is set comes first: removed in this order, V8 makes no dictionary of the response. */
const OVERRIDDEN = ["end", "write", "flushHeaders", "writeHead"] as const;

/** The methods that send a response. */
export type SendMethod = (typeof OVERRIDDEN)[number];
type Methods = Record<SendMethod, (...args: unknown[]) => unknown>;

/** Overrides the methods that send a response, whether they are Node's or those of earlier middleware. */
export class MethodOverride {
  readonly #res: ServerResponse;
  readonly #own: Methods;
  readonly #earlier: Methods;
  /** The earlier methods that middleware had set on this response. */
  readonly #owned: ReadonlySet<string>;
  /** Whether earlier middleware has wrapped one of the methods, and so may change what is sent. */
  readonly isWrapped: boolean;

  constructor(res: ServerResponse, own: Methods) {
    const methods = res as unknown as Methods;
    const { writeHead, flushHeaders, write, end } = methods;
    this.#res = res;
    this.#own = own;
    this.#earlier = { writeHead, flushHeaders, write, end };
    this.#owned = new Set(OVERRIDDEN.filter((name) => Object.hasOwn(res, name)));
    const node = ServerResponse.prototype as unknown as Methods;
    this.isWrapped =
      writeHead !== node.writeHead ||
      flushHeaders !== node.flushHeaders ||
      write !== node.write ||
      end !== node.end;
    // One by one, as above: `Object.assign` takes V8 several times as long on Express.
    methods.writeHead = own.writeHead;
    methods.flushHeaders = own.flushHeaders;
    methods.write = own.write;
    methods.end = own.end;
  }

  /** Calls the earlier method. */
  forward(name: SendMethod, args: unknown[]): unknown {
    return Reflect.apply(this.#earlier[name], this.#res, args);
  }

  /** Whether nobody has wrapped this override of a method. */
  isOutermost(name: SendMethod): boolean {
    return (this.#res as unknown as Methods)[name] === this.#own[name];
  }

  /** Restores the earlier methods, except where somebody has wrapped the override. */
  remove(): void {
    const methods = this.#res as unknown as Methods;
    for (const name of OVERRIDDEN) {
      if (!this.isOutermost(name)) continue;
      if (this.#owned.has(name)) methods[name] = this.#earlier[name];
      else Reflect.deleteProperty(methods, name);
    }
  }
}

/**
 * Whether middleware has wrapped a method that sends a response, and so may change what is sent.
 *
 * Each method is read by its own name: through a variable, the reads take V8 3 us on Express.
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
 * Whether middleware may change the content of a 206. Compression does not, because a 206 forbids it; it is known by
 * the `flush` method that it adds.
 */
export function mayChangeContent(res: ServerResponse): boolean {
  const isChanged = isWriteWrapped(res) || isEndWrapped(res);
  return isChanged && typeof (res as { flush?: unknown }).flush !== "function";
}
