import { isUtf8 } from "node:buffer";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { mergeVary, toFields } from "../../adapter.ts";
import type { Fields, FieldValue, Making, Reply } from "../../adapter.ts";
import { abortResponse } from "../node/abort-response.ts";
import { smallText } from "../node/response-form.ts";
import { trailersOf } from "./internals.ts";

/** The fields that are set on a reply now. */
export function fieldsOf(reply: FastifyReply): Fields {
  return toFields(reply.getHeaders());
}

/**
 * Sets a response's fields: `vary` is merged with what is there, cookies are appended, others replace. The fields that
 * the handler removed are removed, and those that it added to are added to.
 *
 * Those in `unlessSet` are set only where the reply has none of that name. With `isCounted`, `content-length` is left to
 * Fastify, which omits it where a hook has set trailers.
 */
export function setFields(
  reply: FastifyReply,
  fields: Fields,
  { making, unlessSet, isCounted = false }: Pick<Reply, "making" | "unlessSet"> & Counted = {},
): void {
  if (making?.removed !== undefined) for (const name of making.removed) reply.removeHeader(name);
  for (const [name, value] of fields) {
    if (isCounted && name === "content-length") continue;
    if (name === "vary") reply.header(name, mergeVary(valueOf(reply, name), [value].flat()));
    else if (making?.added?.includes(name) === true)
      reply.header(name, withMore(reply.getHeader(name), value));
    else reply.header(name, typeof value === "string" ? value : [...value]);
  }
  if (unlessSet === undefined) return;
  const told = unlessSet.filter(([name]) => !reply.hasHeader(name));
  for (const [name, value] of told) reply.header(name, value);
  (reply as TellingReply)[TOLD] = told;
}

interface Counted {
  readonly isCounted?: boolean;
}

/**
 * The fields that were set because a reply had none of their names. A member, and no weak map: V8 frees the keys of a weak map
 * later, with the content that they send.
 */
const TOLD: unique symbol = Symbol.for("caching-route.fastify.told.1") as never;

interface TellingReply extends FastifyReply {
  [TOLD]?: Fields;
}

/** Removes what was told of a response where an error page is sent in its place. */
export function withdraw(reply: FastifyReply): void {
  for (const [name, value] of (reply as TellingReply)[TOLD] ?? [])
    if (reply.getHeader(name) === value) reply.removeHeader(name);
}

function withMore(present: ReturnType<FastifyReply["getHeader"]>, more: FieldValue): string | string[] {
  const lines = [present ?? [], more].flat().map(String);
  return lines.length > 1 ? lines : lines.join();
}

function valueOf(reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name);
  return Array.isArray(value) ? value.join(", ") : value === undefined ? undefined : String(value);
}

/** Sets the fields of these names back to what they were `before`. */
export function restoreFields(
  reply: FastifyReply,
  names: readonly string[],
  before: ReturnType<FastifyReply["getHeaders"]>,
): void {
  for (const name of names) {
    const earlier = before[name as keyof typeof before];
    reply.removeHeader(name);
    if (earlier !== undefined) reply.header(name, earlier);
  }
}

/** Sets the head of a `Response` before the cache reads the reply's: Fastify does so only after the `onSend` hooks. */
export function setHead(reply: FastifyReply, response: Response): void {
  reply.code(response.status);
  for (const [name, value] of response.headers) reply.header(name, value);
}

/**
 * Removes the trailers that hooks have set on a message without content (RFC 9110 §6.4.1, §6.5). With them, Fastify would
 * send it with a chunked coding.
 */
export function dropTrailers(reply: FastifyReply): void {
  if (reply.statusCode !== 304 && reply.statusCode !== 204) return;
  for (const name of trailersOf(reply)) reply.removeTrailer(name);
}

/**
 * Turns the response that a handler is sending into the one that the cache returned for it. Returns the payload to send.
 *
 * `own` are the fields that the handler set, `earlier` those set before the lookup, `status` is the handler's, and `payload`
 * its content after the application's own hooks. That payload is kept unless the cache sends a 304, 206 or 416 instead.
 */
export function applyReply(
  reply: FastifyReply,
  returned: Reply,
  { own, earlier, status }: { readonly own: Fields; readonly earlier: Fields; readonly status: number },
  payload: unknown,
): unknown {
  const isHandlers = returned.status === status;
  const names = new Set(returned.fields.map(([name]) => name));
  if (!isHandlers) reply.code(returned.status);
  const before = new Map(earlier);
  for (const [name] of own) {
    if (isHandlers && names.has(name)) continue;
    const value = before.get(name);
    // The reply has the cookies already.
    if (name === "set-cookie" && names.has(name)) continue;
    // If the handler added to a field, the cache adds to the earlier value again.
    if (value === undefined && !names.has(name)) reply.removeHeader(name);
    else if (value !== undefined) reply.removeHeader(name).header(name, value);
  }
  const fields = returned.fields.filter(([name, value]) => {
    return name !== "set-cookie" && !(isHandlers && isLeftToHooks(reply, name, value, own));
  });
  const making = isHandlers ? onlyAdded(returned.making) : returned.making;
  const { unlessSet } = returned;
  setFields(reply, fields, { making, unlessSet, isCounted: true });
  // Hooks may have changed the handler's content.
  return isHandlers ? payload : payloadOf(returned);
}

/** Fields that the handler removed are gone already. A hook may have set them since, as it does on each hit. */
function onlyAdded(making: Making | undefined): Making | undefined {
  return making?.added === undefined ? undefined : { added: making.added };
}

/**
 * Whether a field has the handler's own value. Then it is left as it is: hooks may have changed or removed it since, as they
 * do on each hit. Hits lack the charset that Fastify appends to a content type.
 */
function isLeftToHooks(reply: FastifyReply, name: string, value: Fields[number][1], own: Fields): boolean {
  if (!own.some(([set, as]) => set === name && as === value)) return false;
  return name !== "content-type" || valueOf(reply, name) !== `${String(value)}; charset=utf-8`;
}

/** Returns the whole response in place of a part, because content that hooks have changed is not cut (RFC 9110 §14.2). */
export function wholeOf(
  reply: Reply,
  { own, status }: { readonly own: Fields; readonly status: number },
): Reply {
  if (status !== 200 || (reply.status !== 206 && reply.status !== 416)) return reply;
  // The content type may be that of several parts.
  const part = reply.fields.filter(([name]) => name !== "content-range" && name !== "content-type");
  const whole = own.filter(([name]) => !part.some(([known]) => known === name));
  return { status, fields: [...whole, ...part], unlessSet: reply.unlessSet, body: undefined };
}

/**
 * Returns a response's content in the form that is cheapest to send, or null if it has none. Node writes the head in the
 * encoding of a text, so with fields beyond ASCII the content is text only if the handler's was (hazard 43).
 */
export function payloadOf(reply: Reply, isBeyondAscii?: boolean): string | Buffer | null {
  if (isBeyondAscii === true) return reply.making?.textIn === "utf8" ? textOf(reply) : bufferOf(reply);
  const text = reply.text ?? (isBeyondAscii === false ? smallText(reply.body) : undefined);
  return text ?? bufferOf(reply);
}

/**
 * Returns a response's content in the form in which handlers usually send it, for hooks that read it: text if its content
 * type is textual, else bytes, and null if it has none. Without a content type it is a stream, because Fastify sets one on
 * everything else before its hooks run.
 */
export function payloadForHooks(
  reply: Reply,
  contentType: ReturnType<FastifyReply["getHeader"]>,
  isBeyondAscii = false,
): string | Buffer | Readable | null {
  const buffer = bufferOf(reply);
  if (buffer === null) return null;
  if (contentType === undefined) return Readable.from([buffer], { objectMode: false });
  if (isBeyondAscii) return payloadOf(reply, true);
  if (!TEXTUAL.test(String(contentType))) return buffer;
  return reply.text ?? textOf(reply);
}

const TEXTUAL = /^\s*text\/|json|xml|javascript|charset="?utf-8/i;

/** The content as text if it is valid UTF-8. */
function textOf(reply: Reply): string | Buffer | null {
  const buffer = bufferOf(reply);
  return buffer !== null && isUtf8(buffer) ? buffer.toString() : buffer;
}

function bufferOf({ body }: Reply): Buffer | null {
  if (body === undefined) return null;
  if (Buffer.isBuffer(body)) return body;
  let buffer = buffers.get(body);
  if (buffer === undefined) {
    buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    buffers.set(body, buffer);
  }
  return buffer;
}

/** One view for all hits on a content, because a new view costs as much garbage as the rest of a hit. */
const buffers = new WeakMap<Uint8Array, Buffer>();

/** Aborts a reply's connection if `stream` fails, so that no part is taken for the whole. */
export function abortWith(stream: Readable, reply: FastifyReply): void {
  // Before the head is sent, Fastify sends an error page.
  stream.once("error", () => reply.raw.headersSent && abortResponse(reply.raw));
}
