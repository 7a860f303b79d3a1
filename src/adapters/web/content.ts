import type { MaybePromise, Policy } from "../../adapter.ts";
import { isBytes } from "./bytes.ts";
import { hasBody, readFrom, remade } from "./request.ts";

/** The largest request content that enters a key, in bytes. */
const MOST_CONTENT = 2 ** 20;

/** A request, and its content where all of it was read. */
export interface WithContent {
  /** What the handler is to be given: the request itself, or one that has the same content still to be read. */
  readonly request: Request;
  /** Undefined: not asked for, larger than 1 MiB, or already read by somebody else. */
  readonly content: Uint8Array | undefined;
}

/** Reads a request's content if the policy's key is made from it; a request without content stays as it is. */
export function withContent(request: Request, policy: Policy<Request>): MaybePromise<WithContent> {
  const { method } = request;
  const isWanted =
    method !== "GET" && method !== "HEAD" && policy.methods.has(method) && policy.key === undefined;
  if (!isWanted) return { request, content: undefined };
  if (!hasBody(request)) return { request, content: new Uint8Array() };
  const body = request.body as Partial<ReadableStream<Uint8Array>> | null;
  // Some servers' content is no stream of the web.
  if (request.bodyUsed || body?.locked === true || body?.getReader === undefined)
    return { request, content: undefined };
  if (Number(request.headers.get("content-length") ?? 0) > MOST_CONTENT)
    return { request, content: undefined };
  return read(request, (body as ReadableStream<Uint8Array>).getReader());
}

async function read(request: Request, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<WithContent> {
  const gathered = new Gathered();
  while (gathered.length <= MOST_CONTENT) {
    const { done, value } = await reader.read();
    if (done) {
      const content = gathered.whole();
      return { request: remade(request, { content }), content };
    }
    if (!isBytes(value)) throw new TypeError("the request's content is not made of bytes");
    gathered.add(value);
  }
  return { request: remade(request, { content: readFrom(reader, gathered.whole()) }), content: undefined };
}

/**
 * What was read so far, in one piece that grows by doubling. A client may send single bytes: a list of them would weigh
 * a hundred times as much, and take quadratic time where it is taken apart again (hazard 32).
 */
class Gathered {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(part: Uint8Array): void {
    const length = this.#length + part.byteLength;
    if (length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.byteLength));
      larger.set(this.whole());
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length = length;
  }

  whole(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
