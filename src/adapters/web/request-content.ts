import type { MaybePromise, Policy } from "../../adapter.ts";
import { isBytes } from "./bytes.ts";
import { copyRequest, hasBody, streamFrom } from "./request.ts";
import { chain } from "./route.ts";
import type { WebCall } from "./route.ts";

/** The largest request content that becomes part of a key, in bytes. */
const MAX_KEY_BYTES = 2 ** 20;

/** A request, and its content if all of it was read. */
export interface WithContent {
  /** The request for the handler: the same one, or a copy whose content can still be read. */
  readonly request: Request;
  /** Undefined if no key needs it, or if it is larger than 1 MiB, or was read before by somebody who has not kept it. */
  readonly content: Uint8Array | undefined;
}

/** Reads a request's content if the policy makes the key from it. */
export function readContent<Native>(
  { request, content }: Pick<WebCall<Native>, "request" | "content">,
  policy: Policy<Native>,
): MaybePromise<WithContent> {
  const { method } = request;
  const isInKey =
    method !== "GET" && method !== "HEAD" && policy.methods.has(method) && policy.key === undefined;
  if (!isInKey) return { request, content: undefined };
  if (!hasBody(request)) return { request, content: new Uint8Array() };
  if (request.bodyUsed) {
    return chain(content?.(), (known) => ({
      request,
      content: known !== undefined && known.byteLength <= MAX_KEY_BYTES ? known : undefined,
    }));
  }
  const body = request.body as Partial<ReadableStream<Uint8Array>> | null;
  // The body of some servers' requests is no web stream.
  if (body?.locked === true || body?.getReader === undefined) return { request, content: undefined };
  if (Number(request.headers.get("content-length") ?? 0) > MAX_KEY_BYTES)
    return { request, content: undefined };
  return read(request, (body as ReadableStream<Uint8Array>).getReader());
}

async function read(request: Request, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<WithContent> {
  const buffer = new GrowingBuffer();
  while (buffer.length <= MAX_KEY_BYTES) {
    const { done, value } = await reader.read();
    if (done) {
      const content = buffer.whole();
      return { request: copyRequest(request, { content }), content };
    }
    if (!isBytes(value)) throw new TypeError("the request's content is not made of bytes");
    buffer.add(value);
  }
  return {
    request: copyRequest(request, { content: streamFrom(reader, buffer.whole()) }),
    content: undefined,
  };
}

/**
 * The bytes that were read so far, in one buffer that grows by doubling. A client may send single bytes: a list of them
 * would take a hundred times the memory, and quadratic time to take apart again (hazard 32).
 */
class GrowingBuffer {
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
