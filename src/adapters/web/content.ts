import type { MaybePromise, Policy } from "../../adapter.ts";
import { isBytes } from "./bytes.ts";
import { withExtras } from "./request.ts";

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
  const { method, body } = request;
  const isWanted =
    method !== "GET" && method !== "HEAD" && policy.methods.has(method) && policy.key === undefined;
  if (!isWanted || request.bodyUsed || body?.locked === true) return { request, content: undefined };
  if (Number(request.headers.get("content-length") ?? 0) > MOST_CONTENT)
    return { request, content: undefined };
  if (body === null) return { request, content: new Uint8Array() };
  return read(request, body.getReader());
}

async function read(request: Request, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<WithContent> {
  const gathered = new Gathered();
  while (gathered.length <= MOST_CONTENT) {
    const { done, value } = await reader.read();
    if (done) {
      const content = gathered.whole();
      const init = { method: request.method, body: content };
      return { request: withExtras(new Request(request, init), request), content };
    }
    if (!isBytes(value)) throw new TypeError("the request's content is not made of bytes");
    gathered.add(value);
  }
  const init = { body: replay(gathered.whole(), reader), duplex: "half" } as const;
  return { request: withExtras(new Request(request, init), request), content: undefined };
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

/** What was read, then what is still to come. */
function replay(
  read: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let first: Uint8Array | undefined = read;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (first !== undefined) {
          controller.enqueue(first);
          first = undefined;
          return;
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
