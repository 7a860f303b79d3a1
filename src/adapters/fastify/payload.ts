import type { FastifyReply } from "fastify";
import type { AnyStream } from "./source.ts";

/** Whether a handler sent a stream, of Node or of the web. */
export function isStream(payload: unknown): payload is AnyStream {
  if (typeof payload !== "object" || payload === null) return false;
  return ("pipe" in payload && typeof payload.pipe === "function") || "getReader" in payload;
}

/** As Fastify tells a `Response`, whichever realm made it. */
export function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === "[object Response]";
}

/** Whether somebody has read of a `Response` already: Fastify sends an error in its place. */
export function isConsumed({ body, bodyUsed }: Response): boolean {
  return body !== null && bodyUsed;
}

/** As Fastify tells bytes; answers the buffer that it would send, so that it is known again. */
export function bufferOf(payload: unknown): Buffer | undefined {
  if (Buffer.isBuffer(payload)) return payload;
  const view = payload as Partial<ArrayBufferView> | null;
  if (!(view?.buffer instanceof ArrayBuffer)) return undefined;
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** Says a `Response` payload's head where Fastify would: it does so only after the `onSend` hooks. */
export function sayHead(reply: FastifyReply, response: Response): void {
  reply.code(response.status);
  for (const [name, value] of response.headers) reply.header(name, value);
}
