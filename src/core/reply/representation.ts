import { isNotModified, notModifiedFields } from "../../http/conditional.ts";
import { combined, fieldOf, fieldsOfPart, withoutFields } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { parseList } from "../../http/list.ts";
import { areWorthParts, multipartRanges } from "../../http/multipart.ts";
import { formatContentRange, formatUnsatisfied, ifRangeHolds, parseRange } from "../../http/range.ts";
import type { ByteRange } from "../../http/range.ts";
import type { Reply, RequestRecord } from "../contract/request-and-policy.ts";
import type { Making } from "../contract/store.ts";

/** A whole response from which replies are made: an entry, or one that a handler has just sent. */
export interface Whole {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** The length of the content, where only the head was read: then the body is empty. */
  readonly length?: number;
  /** When the origin made it, in epoch ms. */
  readonly storedAt: number;
  /** How the handler wrote it. Absent: in the usual way. */
  readonly making?: Making | undefined;
}

/** The preconditions and the range of a request, which the cache evaluates for the handler (RFC 9110 §13, §14). */
export interface Selection {
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifRange: string | undefined;
  readonly range: string | undefined;
}

/** Request fields that the handler of a cached miss never sees: its response has to be whole (hazard 8). */
export const ANSWERED_BY_CACHE: readonly string[] = [
  "if-none-match",
  "if-modified-since",
  "if-range",
  "range",
];

/** Reads the preconditions and the range of a request, before the adapter hides them from the handler. */
export function selectionOf(request: RequestRecord): Selection {
  return {
    ifNoneMatch: request.header("if-none-match"),
    ifModifiedSince: request.header("if-modified-since"),
    ifRange: request.header("if-range"),
    range: request.header("range"),
  };
}

/** What every message from a whole response needs, computed once. */
interface Prepared {
  readonly validators: {
    etag: string | undefined;
    lastModified: string | undefined;
    date: number | undefined;
  };
  /** The stored fields without `Cache-Status`, of which each message has its own. */
  readonly kept: Fields;
  /** The same with a `Content-Length`. */
  readonly fields: Fields;
  /** The fields of a 304. */
  readonly notModified: Fields;
  readonly text: string | undefined;
}

/** The replies with one list of added fields, for other requests that add the same list. */
interface MadeReplies {
  whole?: Reply;
  notModified?: Reply;
}

/** The largest content, in bytes, that is sent as text. */
const LARGEST_TEXT = 8192;

/** Methods that ask for a representation, so that a condition may lead to 304 (RFC 9110 §13.2.1). */
const ASKS_FOR_REPRESENTATION: ReadonlySet<string> = new Set(["GET", "HEAD", "QUERY"]);

const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);

/** Returns whether a message of this status may have content (RFC 9110 §6.4.1, §15.3.6). */
export function allowsContent(status: number): boolean {
  return !WITHOUT_CONTENT.has(status);
}

/**
 * Makes the replies to requests from one whole response: 200, 304, 206, 416, and the same for HEAD.
 *
 * Whatever does not depend on the request is computed once per entry, and kept as long as the entry, so that a hit parses
 * nothing and copies no content.
 */
export class Responder {
  readonly #prepared = new WeakMap<Whole, Prepared>();

  /**
   * Returns the reply to one request. `added` are the fields of this message only, such as `Age` and the status fields.
   * `made` keeps the replies for requests that add the same fields. `remembered` has the same head, and stands for the whole
   * where what is computed is kept.
   */
  reply(
    whole: Whole,
    method: string,
    selection: Selection,
    added: Fields,
    made: MadeReplies = {},
    remembered: Whole = whole,
  ): Reply {
    const prepared = this.#prepare(remembered);
    return replyFrom(prepared, whole, method, selection, added, made, remembered === whole);
  }

  /**
   * Returns a 304 if the client has this representation already, else undefined. It depends on the head only, so the
   * content may still be coming.
   */
  notModified(whole: Whole, method: string, selection: Selection, added: Fields): Reply | undefined {
    return notModifiedFrom(this.#prepare(whole), whole, method, selection, added, {});
  }

  /** Returns whether a client gets a 304, or no content for another reason. It depends on the head only. */
  needsNoContent(whole: Whole, method: string, selection: Selection): boolean {
    return method === "HEAD" || isUnmodified(this.#prepare(whole), whole, method, selection);
  }

  #prepare(whole: Whole): Prepared {
    let prepared = this.#prepared.get(whole);
    if (prepared === undefined) {
      prepared = prepare(whole);
      this.#prepared.set(whole, prepared);
    }
    return prepared;
  }
}

/** Returns the reply from a response that only one request is sent. Nothing is kept. */
export function replyOnce(whole: Whole, method: string, selection: Selection, added: Fields): Reply {
  return replyFrom(prepare(whole), whole, method, selection, added, {});
}

function replyFrom(
  prepared: Prepared,
  whole: Whole,
  method: string,
  selection: Selection,
  added: Fields,
  made: MadeReplies,
  isKept = true,
): Reply {
  const notModified = notModifiedFrom(prepared, whole, method, selection, added, made);
  if (notModified !== undefined) return notModified;
  const { status, body, making } = whole;
  const { range } = selection;
  if (range !== undefined && method !== "HEAD" && isSelected(whole, method)) {
    const part = partOf(whole, range, selection.ifRange, prepared, added);
    if (part !== undefined) return { ...part, making };
  }
  if (method === "HEAD" || !allowsContent(status)) {
    return { status, fields: [...prepared.fields, ...added], body: undefined, making };
  }
  made.whole ??= {
    status,
    fields: [...prepared.fields, ...added],
    // Content that a store reads again for each hit is not kept: it may be a part of all that was received at once.
    body: isKept ? body : undefined,
    text: prepared.text,
    making,
  };
  return made.whole.body === body ? made.whole : { ...made.whole, body };
}

/** The one place where a client's condition leads to 304. */
function notModifiedFrom(
  prepared: Prepared,
  whole: Whole,
  method: string,
  selection: Selection,
  added: Fields,
  made: MadeReplies,
): Reply | undefined {
  if (!isUnmodified(prepared, whole, method, selection)) return undefined;
  const { making } = whole;
  made.notModified ??= { status: 304, fields: [...prepared.notModified, ...added], body: undefined, making };
  return made.notModified;
}

function isUnmodified(prepared: Prepared, whole: Whole, method: string, selection: Selection): boolean {
  return isSelected(whole, method) && isNotModified(selection, prepared.validators);
}

/**
 * Whether preconditions and ranges apply: to the selected representation of a 200 (RFC 9110 §13.2.1, §14.2). With other
 * methods, a matching tag would mean 412 and not 304 (RFC 9110 §13.1.2).
 */
function isSelected({ status }: Whole, method: string): boolean {
  return status === 200 && ASKS_FOR_REPRESENTATION.has(method);
}

function prepare(whole: Whole): Prepared {
  const { fields, body, length = body.byteLength } = whole;
  // Each message has its own, which includes the stored members.
  const kept = fields.filter(([name]) => name !== "cache-status");
  return {
    validators: {
      etag: combined(fieldOf(fields, "etag")),
      lastModified: combined(fieldOf(fields, "last-modified")),
      date: whole.storedAt,
    },
    kept,
    // A 204 has no content and so no length (RFC 9110 §8.6).
    fields:
      whole.status === 204
        ? kept
        : [...kept, ["content-length", String(allowsContent(whole.status) ? length : 0)]],
    notModified: notModifiedFields(fields),
    // Node writes the head in the encoding of a text that is sent with it, so the fields have to be ASCII too.
    text:
      whole.length === undefined && length <= LARGEST_TEXT && isAscii(body) && areAscii(fields)
        ? new TextDecoder().decode(body)
        : undefined,
  };
}

function isAscii(bytes: Uint8Array): boolean {
  // Called on each miss; `every` with a callback takes many times as long.
  for (let at = 0; at < bytes.length; at++) {
    if ((bytes[at] as number) >= 0x80) return false;
  }
  return true;
}

function areAscii(fields: Fields): boolean {
  return fields.every(([, value]) => [value].flat().every((line) => !/[\x80-\xFF]/.test(line)));
}

/** Returns a 206 or 416 for a range request. Undefined: the whole is sent (RFC 9110 §14.2, §15.3.7). */
function partOf(
  whole: Whole,
  range: string,
  ifRange: string | undefined,
  prepared: Prepared,
  added: Fields,
): Reply | undefined {
  if (ifRange !== undefined && !ifRangeHolds(ifRange, prepared.validators)) return undefined;
  // The handler may forbid ranges of its response (RFC 9110 §14.3).
  if (refusesRanges(prepared.kept)) return undefined;
  const { body } = whole;
  const ranges = parseRange(range, body.byteLength);
  if (ranges === "unsatisfiable") {
    const unsatisfied: Fields = [
      ["content-range", formatUnsatisfied(body.byteLength)],
      ["content-length", "0"],
    ];
    return { status: 416, fields: [...unsatisfied, ...added], body: undefined };
  }
  if (ranges === undefined) return undefined;
  const fields = fieldsOfPart(prepared.kept);
  const [only] = ranges;
  if (ranges.length > 1 || only === undefined) return partsOf(fields, body, ranges, added);
  const part = body.subarray(only.first, only.last + 1);
  const place: Fields = [["content-range", formatContentRange(only, body.byteLength)]];
  return cutReply([...withoutFields(fields, ["content-range"]), ...place], part, added);
}

function refusesRanges(fields: Fields): boolean {
  return parseList((combined(fieldOf(fields, "accept-ranges")) ?? "").toLowerCase()).includes("none");
}

/** Returns a 206 with one part per range. Undefined: the whole is better. */
function partsOf(
  fields: Fields,
  body: Uint8Array,
  ranges: readonly ByteRange[],
  added: Fields,
): Reply | undefined {
  if (!areWorthParts(ranges)) return undefined;
  const parts = multipartRanges(body, ranges, combined(fieldOf(fields, "content-type")));
  // With their own heads, the parts may be larger than the whole.
  if (parts.body.byteLength >= body.byteLength) return undefined;
  const type: Fields = [["content-type", parts.contentType]];
  return cutReply([...withoutFields(fields, ["content-type", "content-range"]), ...type], parts.body, added);
}

function cutReply(fields: Fields, body: Uint8Array, added: Fields): Reply {
  const length: Fields = [["content-length", String(body.byteLength)]];
  return { status: 206, fields: [...fields, ...length, ...added], body };
}
