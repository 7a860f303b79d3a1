import type { MaybePromise, Policy } from "../../adapter.ts";
import { isBytes, joined } from "./bytes.ts";
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
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length <= MOST_CONTENT) {
    const { done, value } = await reader.read();
    if (done) {
      const content = joined(chunks);
      const init = { method: request.method, body: content };
      return { request: withExtras(new Request(request, init), request), content };
    }
    if (!isBytes(value)) throw new TypeError("the request's content is not made of bytes");
    chunks.push(new Uint8Array(value));
    length += value.byteLength;
  }
  const init = { body: replay(chunks, reader), duplex: "half" } as const;
  return { request: withExtras(new Request(request, init), request), content: undefined };
}

/** What was read, then what is still to come. */
function replay(
  chunks: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = chunks.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
