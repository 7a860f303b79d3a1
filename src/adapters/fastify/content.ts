import { isUtf8 } from "node:buffer";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { Reply } from "../../adapter.ts";

/**
 * A reply's content in the form that is the cheapest to send; null where it has none. Node writes the head in the
 * encoding of a text, so where fields are beyond ASCII it is text only if the handler's was.
 */
export function contentOf(said: Reply, isBeyondAscii = false): string | Buffer | null {
  if (isBeyondAscii) return said.making?.textIn === "utf8" ? textOf(said) : bufferOf(said);
  return said.text ?? bufferOf(said);
}

/**
 * A reply's content in the form in which handlers mostly send it, for hooks that look at it: text where its content
 * type is one of text, bytes otherwise, and a stream where it has none: of all else Fastify says one before its hooks.
 */
export function shownContentOf(
  said: Reply,
  reply: FastifyReply,
  isBeyondAscii = false,
): string | Buffer | Readable | null {
  const buffer = bufferOf(said);
  if (buffer === null) return null;
  const type = reply.getHeader("content-type");
  if (type === undefined) return Readable.from([buffer], { objectMode: false });
  if (isBeyondAscii) return contentOf(said, true);
  if (!TEXTUAL.test(String(type))) return buffer;
  return said.text ?? textOf(said);
}

/** The text where it is one. */
function textOf(said: Reply): string | Buffer | null {
  const buffer = bufferOf(said);
  return buffer !== null && isUtf8(buffer) ? buffer.toString() : buffer;
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
