import type { Fields, HandlerHead, Reply } from "../../adapter.ts";
import { copyOf } from "./request.ts";

/** Reads what a handler's response says; each `Set-Cookie` stays a line of its own (RFC 6265 §3). */
export function headOf(response: Response): HandlerHead {
  const fields: [string, string | readonly string[]][] = [];
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie") fields.push([name, value]);
  }
  const cookies = response.headers.getSetCookie();
  const [only] = cookies;
  if (only !== undefined) fields.push(["set-cookie", cookies.length === 1 ? only : cookies]);
  return { status: response.status, fields };
}

/** Makes a reply a response. Its body is bytes, because a string would add a `Content-Type`. */
export function toResponse({
  status,
  fields,
  body,
}: Pick<Reply, "status" | "fields"> & {
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
}): Response {
  return new Response(body ?? null, { status, headers: toHeaders(fields) });
}

/**
 * A reply without the framing that its handler said, as one that passes on another server's response does: it has a
 * length now, and with both, whoever reads it may take it for two messages (RFC 9112 §6.3).
 */
export function unframed(reply: Reply): Reply {
  const isFraming = ([name]: Fields[number]): boolean => name === "transfer-encoding" || name === "trailer";
  return reply.fields.some(isFraming)
    ? { ...reply, fields: reply.fields.filter((field) => !isFraming(field)) }
    : reply;
}

/** A response's body and status under other fields. */
export function withBody(
  response: Response,
  body: ReadableStream<Uint8Array> | null,
  fields: Fields,
): Response {
  const { status, statusText } = response;
  return new Response(body, { status, statusText, headers: toHeaders(fields) });
}

/**
 * Says fields on a handler's response, besides or in place of its own; `set-cookie` is left as it is.
 *
 * A response with a body can be sent only once, so nobody else needs its headers. One without may be a constant that
 * its handler answers again and again: it is copied, as is one whose headers cannot be changed.
 */
export function withFields(response: Response, fields: Fields): Response {
  // A network error has status 0, an upgrade 101: neither can be made anew.
  if (response.status < 200 || isSpent(response)) return response;
  if (response.body !== null && sayInPlace(response.headers, fields)) return response;
  const { body, status, statusText } = response;
  const copy = new Response(body, { status, statusText, headers: copyOf(response.headers) });
  sayInPlace(copy.headers, fields);
  return copy;
}

/** What a handler answers with; it may throw a response as well as return it. Fails with whatever else it throws. */
export async function outcomeOf(
  run: () => Response | PromiseLike<Response>,
): Promise<{ readonly response: Response; readonly isThrown: boolean }> {
  try {
    return { response: await run(), isThrown: false };
  } catch (thrown) {
    if (Object.prototype.toString.call(thrown) !== "[object Response]") throw thrown;
    return { response: thrown as Response, isThrown: true };
  }
}

/** Whether somebody has read, or is reading, the body: whoever sends the response will fail, as without a cache. */
export function isSpent(response: Response): boolean {
  return response.bodyUsed || response.body?.locked === true;
}

/** Answers false where the headers are immutable, as those of a fetched or redirecting response are. */
function sayInPlace(headers: Headers, fields: Fields): boolean {
  for (const [name, value] of fields) {
    const text = typeof value === "string" ? value : value.join(", ");
    if (name === "set-cookie" || headers.get(name) === text) continue;
    try {
      headers.set(name, text);
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }
  return true;
}

/** An object is what runtimes read fastest; only pairs can repeat a name. */
function toHeaders(fields: Fields): Record<string, string> | [string, string][] {
  const said: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (typeof value !== "string") return toPairs(fields);
    said[name] = value;
  }
  return said;
}

function toPairs(fields: Fields): [string, string][] {
  return fields.flatMap(([name, value]) => [value].flat().map((line): [string, string] => [name, line]));
}
