import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { mergeVary, toFields } from "../../adapter.ts";
import type { Fields, FieldValue, Making, Reply } from "../../adapter.ts";
import { abortResponse } from "../node/abort-response.ts";
import { contentOf } from "./content.ts";

/**
 * Says a response's fields: `vary` joins what is there, cookies come after those that are there, others replace. What
 * the handler took away of earlier ones is taken away, to what it added is added.
 *
 * With `isCounted`, Fastify reckons the length, or says none: where a hook has set trailers.
 */
export function setFields(
  reply: FastifyReply,
  fields: Fields,
  { making, isCounted = false }: { readonly making?: Making | undefined; readonly isCounted?: boolean } = {},
): void {
  if (making?.removed !== undefined) for (const name of making.removed) reply.removeHeader(name);
  for (const [name, value] of fields) {
    if (isCounted && name === "content-length") continue;
    if (name === "vary") reply.header(name, mergeVary(present(reply, name), [value].flat()));
    else if (making?.added?.includes(name) === true)
      reply.header(name, withMore(reply.getHeader(name), value));
    else reply.header(name, typeof value === "string" ? value : [...value]);
  }
}

/** Lines that are there, and more of them. */
function withMore(present: ReturnType<FastifyReply["getHeader"]>, more: FieldValue): string | string[] {
  const lines = [present ?? [], more].flat().map(String);
  return lines.length > 1 ? lines : lines.join();
}

/** The fields that are set on a reply now. */
export function fieldsOf(reply: FastifyReply): Fields {
  return toFields(reply.getHeaders());
}

/**
 * The handler's fields with those of `now` that are its own though they were written after it sent: cookies, which
 * plugins write in hooks, and with `isTyped` the content type that Fastify gave to content that had none.
 */
export function withLate(own: Fields, now: Fields, isTyped: boolean): Fields {
  const isLate = ([name]: Fields[number]): boolean =>
    name === "set-cookie" || (name === "content-type" && isTyped && !own.some(([said]) => said === name));
  return [...own.filter(([name]) => name !== "set-cookie"), ...now.filter(isLate)];
}

/**
 * What was said before the lookup, with the security policies that hooks have said since the handler sent: those have
 * another nonce on each hit, as those that were there before (hazard 37).
 */
export function withLatePolicies(before: Fields, now: Fields, own: Fields): Fields {
  const late = now.filter(([name, value]) => {
    return (
      name.startsWith("content-security-policy") && !own.some(([said, as]) => said === name && as === value)
    );
  });
  return late.length === 0 ? before : [...late, ...before];
}

/** A head with the length of its content: that of a HEAD Fastify says only once the cache has heard of it. */
export function withLength(own: Fields, { request }: FastifyReply, content?: Uint8Array | string): Fields {
  if (request.method !== "HEAD" || content === undefined) return own;
  if (own.some(([name]) => name === "content-length")) return own;
  return [...own, ["content-length", String(Buffer.byteLength(content))]];
}

/** Whether a text is as long as the length that is set. */
export function isAsLong(text: string, reply: FastifyReply): boolean {
  return String(Buffer.byteLength(text)) === String(reply.getHeader("content-length"));
}

/** Makes the fields of these names what they were `before`. */
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

/**
 * Turns what the handler is about to send into what the cache says, and answers the payload.
 *
 * `own` is what the handler has said on the reply already, beside what was there `earlier`, `status` its status code, `payload` its content after the
 * application's own hooks: it stays as it is unless the cache answers something else (304, 206, 416).
 */
export function applyReply(
  reply: FastifyReply,
  said: Reply,
  { own, earlier, status }: { readonly own: Fields; readonly earlier: Fields; readonly status: number },
  payload: unknown,
): unknown {
  const isHandlers = said.status === status;
  const kept = new Set(said.fields.map(([name]) => name));
  if (!isHandlers) {
    reply.code(said.status);
    const before = new Map(earlier);
    for (const [name] of own) {
      const value = before.get(name);
      // Cookies are on the reply already.
      if (name === "set-cookie" && kept.has(name)) continue;
      // Added to, it is there again and complete; replaced or new, what was there before counts.
      if (value === undefined && !kept.has(name)) reply.removeHeader(name);
      else if (value !== undefined) reply.removeHeader(name).header(name, value);
    }
  }
  const fields = said.fields.filter(([name, value]) => {
    return name !== "set-cookie" && !(isHandlers && isUpToHooks(reply, name, value, own));
  });
  const making = isHandlers ? addedOnly(said.making) : said.making;
  setFields(reply, fields, { making, isCounted: true });
  // Hooks may have made something else of the handler's content.
  return isHandlers ? payload : contentOf(said);
}

/** What the handler took away is gone already; hooks may have said it since, as they do again on each hit. */
function addedOnly(making: Making | undefined): Making | undefined {
  return making?.added === undefined ? undefined : { added: making.added };
}

/**
 * Whether a field is what the handler said, to which the cache adds nothing: hooks may have made something else of it,
 * or taken it back, as they do again on each hit. The charset that Fastify appends is not on hits.
 */
function isUpToHooks(reply: FastifyReply, name: string, value: Fields[number][1], own: Fields): boolean {
  if (!own.some(([said, as]) => said === name && as === value)) return false;
  return name !== "content-type" || present(reply, name) !== `${String(value)}; charset=utf-8`;
}

/** The whole in the place of a part: what hooks have changed is not cut (RFC 9110 §14.2). */
export function wholeOf(said: Reply, status: number): Reply {
  if (status !== 200 || (said.status !== 206 && said.status !== 416)) return said;
  // The type may be that of several parts.
  const fields = said.fields.filter(([name]) => name !== "content-range" && name !== "content-type");
  return { status, fields, body: undefined };
}

/** Makes a reply's connection break where `stream` breaks off: what has come must not be taken for the whole. */
export function breakWith(stream: Readable, reply: FastifyReply): void {
  // Of what breaks before its head is sent, Fastify makes an error page.
  stream.once("error", () => reply.raw.headersSent && abortResponse(reply.raw));
}

function present(reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name);
  return Array.isArray(value) ? value.join(", ") : value === undefined ? undefined : String(value);
}
