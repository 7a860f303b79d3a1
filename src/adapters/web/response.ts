import { besideEarlier, changesOf, takeTags } from "../../adapter.ts";
import type {
  Abandoned,
  Fields,
  FieldValue,
  HandlerHead,
  Making,
  MaybePromise,
  Reply,
} from "../../adapter.ts";
import { copyHeaders } from "./request.ts";

/**
 * The response that a framework's error handler has made of an error: the handler has failed with it, but does not throw
 * it here.
 */
export class ErrorPage {
  readonly error: unknown;
  readonly response: Response;
  /** Why it is not the handler's response. */
  readonly reason: Abandoned;

  constructor(error: unknown, response: Response, reason: Abandoned = "failed") {
    this.error = error;
    this.response = response;
    this.reason = reason;
  }
}

/** Returns what is sent to the client of a handler that has returned, or of its error handler. */
export function sentOf(made: Response | ErrorPage): Response {
  return made instanceof ErrorPage ? made.response : made;
}

/** Reads the head of a handler's response. `tagged` is what the handler has added tags to. */
export function headOf(response: Response, tagged: object, earlier?: Headers): HandlerHead {
  const { status } = response;
  const before = earlier === undefined ? [] : fieldsOf(earlier);
  const { fields, removed, added } = changesOf(fieldsOf(response.headers), before);
  const making: Making = {
    ...(removed.length > 0 && { removed }),
    ...(added.length > 0 && { added }),
  };
  return {
    status,
    fields,
    ...(before.length > 0 && { earlier: before, making }),
    tags: takeTags(tagged),
  };
}

/**
 * Returns the fields of headers of any class, some of which list names as they were written. Each `Set-Cookie` stays a line of
 * its own (RFC 6265 §3).
 */
function fieldsOf(headers: Headers): Fields {
  const fields: [string, FieldValue][] = [];
  for (const [written, value] of headers) {
    const name = written.toLowerCase();
    if (name !== "set-cookie") fields.push([name, value]);
  }
  const cookies = headers.getSetCookie();
  const [only] = cookies;
  if (only !== undefined) fields.push(["set-cookie", cookies.length === 1 ? only : cookies]);
  return fields;
}

/** The head of a reply, as the core returns it. */
type ReplyHead = Pick<Reply, "status" | "fields" | "unlessSet" | "making">;

/** What a response is made with, as a call has it. */
interface ResponseSetting {
  readonly earlier?: Headers | undefined;
  readonly responseClass?: typeof Response | undefined;
}

/**
 * Creates a response from a reply, beside the fields that were set before the lookup. Its body is bytes, because a string would
 * add a `Content-Type`.
 */
export function toResponse(
  head: ReplyHead & { readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined },
  { earlier, responseClass: Made = Response }: ResponseSetting,
): Response {
  return new Made(head.body ?? null, {
    status: head.status,
    headers: toHeaders(allFields(head, earlier)),
  });
}

/** Returns all fields of a head, with those that were set before the lookup. */
export function allFields(
  { fields, unlessSet, making }: Omit<ReplyHead, "status">,
  earlier: Headers | undefined,
): Fields {
  const before = earlier === undefined ? [] : fieldsOf(earlier);
  if (before.length === 0) return unlessSet === undefined ? fields : [...fields, ...unlessSet];
  const all = new Map(before);
  for (const name of making?.removed ?? []) all.delete(name);
  for (const [name, value] of fields)
    all.set(name, besideEarlier(name, value, all.get(name), making?.added?.includes(name)));
  for (const [name, value] of unlessSet ?? []) if (!all.has(name)) all.set(name, value);
  return [...all];
}

/**
 * Removes framing fields from a reply. A handler that forwards another server's response may set them; the reply has a
 * length now, and with both, a recipient may read two messages (RFC 9112 §6.3).
 */
export function unframed(reply: Reply): Reply {
  const isFraming = ([name]: Fields[number]): boolean => name === "transfer-encoding" || name === "trailer";
  return reply.fields.some(isFraming)
    ? { ...reply, fields: reply.fields.filter((field) => !isFraming(field)) }
    : reply;
}

/** Creates a response with the status of another, and a new body and fields. */
export function withBody(
  response: Response,
  body: ReadableStream<Uint8Array> | null,
  fields: Fields,
): Response {
  const { status, statusText } = response;
  return new Response(body, { status, statusText, headers: toHeaders(fields) });
}

/**
 * Sets fields on a handler's response, except `Set-Cookie`, and those in `unlessSet` that it does not have.
 *
 * A response with a body can be sent only once, so its headers can be changed. One without a body may be a constant
 * that its handler returns each time, so it is copied, like one whose headers are immutable.
 */
export function withFields(response: Response, fields: Fields, unlessSet: Fields = []): Response {
  // A network error has status 0, an upgrade 101: neither can be constructed.
  if (response.status < 200 || isSpent(response)) return response;
  const all = [...fields, ...unlessSet.filter(([name]) => !response.headers.has(name))];
  if (response.body !== null && setInPlace(response.headers, all)) return response;
  const { body, status, statusText } = response;
  const copy = new Response(body, { status, statusText, headers: copyHeaders(response.headers) });
  setInPlace(copy.headers, all);
  return copy;
}

/** Sends a handler's response with the head that the cache returned for it, which may lack some of its fields. */
export function withHead(response: Response, fields: Fields): Response {
  if (response.status < 200 || isSpent(response)) return response;
  const kept = new Set(fields.map(([name]) => name));
  for (const [name] of response.headers)
    if (!kept.has(name.toLowerCase())) return withBody(response, response.body, fields);
  return withFields(response, fields);
}

/** What a handler has made. */
export interface HandlerOutcome {
  readonly response: Response;
  readonly isThrown: boolean;
  /** The response is made of an error of the handler. Absent: it is the handler's own. */
  readonly page?: ErrorPage;
}

/** Runs a handler, which may throw a response as well as return it. Rejects with anything else that it throws. */
export async function outcomeOf(run: () => MaybePromise<Response | ErrorPage>): Promise<HandlerOutcome> {
  try {
    const made = await run();
    return { response: sentOf(made), isThrown: false, ...(made instanceof ErrorPage && { page: made }) };
  } catch (thrown) {
    if (!isThrownResponse(thrown)) throw thrown;
    return { response: thrown, isThrown: true };
  }
}

/** Whether a handler has thrown its response, of whatever realm or library that is. */
export function isThrownResponse(thrown: unknown): thrown is Response {
  return Object.prototype.toString.call(thrown) === "[object Response]";
}

/** Whether the body was read, or is being read: sending the response fails then, as without a cache. */
export function isSpent(response: Response): boolean {
  return response.bodyUsed || response.body?.locked === true;
}

/** Returns false if the headers are immutable, as those of a fetched or redirecting response are. */
function setInPlace(headers: Headers, fields: Fields): boolean {
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

/**
 * Runtimes read an object fastest, but only pairs can repeat a name. @hono/node-server gives content a type that has none,
 * so that no browser guesses one, unless it is given an object.
 */
function toHeaders(fields: Fields): Record<string, string> | [string, string][] {
  if (!fields.some(([name]) => name === "content-type")) return toPairs(fields);
  const headers: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (typeof value !== "string") return toPairs(fields);
    headers[name] = value;
  }
  return headers;
}

function toPairs(fields: Fields): [string, string][] {
  return fields.flatMap(([name, value]) => [value].flat().map((line): [string, string] => [name, line]));
}
