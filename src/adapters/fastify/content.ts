import { isUtf8 } from "node:buffer";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { Reply } from "../../adapter.ts";

/** A reply's content in the form that is the cheapest to send; null where it has none. */
export function contentOf(said: Reply): string | Buffer | null {
  return said.text ?? bufferOf(said);
}

/**
 * A reply's content in the form in which handlers mostly send it, for hooks that look at it: text where its content
 * type is one of text, bytes otherwise, and a stream where it has none: of all else Fastify says one before its hooks.
 */
export function shownContentOf(said: Reply, reply: FastifyReply): string | Buffer | Readable | null {
  const buffer = bufferOf(said);
  if (buffer === null) return null;
  const type = reply.getHeader("content-type");
  if (type === undefined) return Readable.from([buffer], { objectMode: false });
  if (!TEXTUAL.test(String(type))) return buffer;
  return said.text ?? (isUtf8(buffer) ? buffer.toString() : buffer);
}

/** The serializer of what is text already. */
export function asIs(payload: unknown): string {
  return payload as string;
}

const TEXTUAL = /^\s*text\/|json|xml|javascript|charset="?utf-8/i;

function bufferOf({ body }: Reply): Buffer | null {
  if (body === undefined) return null;
  let buffer = buffers.get(body);
  if (buffer === undefined) {
    buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    buffers.set(body, buffer);
  }
  return buffer;
}

/** Contents as Fastify wants them: a view is as much garbage as the rest of a hit together, so it is made once. */
const buffers = new WeakMap<Uint8Array, Buffer>();
