import { isNotModified, notModifiedFields } from "../../http/conditional.ts";
import { combined, fieldOf, fieldsOfPart } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { parseList } from "../../http/list.ts";
import { areWorthParts, multipartRanges } from "../../http/multipart.ts";
import { formatContentRange, formatUnsatisfied, ifRangeHolds, parseRange } from "../../http/range.ts";
import type { ByteRange } from "../../http/range.ts";
import type { Reply, RequestRecord } from "../contract/request-and-policy.ts";
import type { Making } from "../contract/store.ts";

/** A whole response that a request is answered from: an entry, or what a handler just said. */
export interface Whole {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** When it was made by its origin, epoch ms. */
  readonly storedAt: number;
  /** How its handler made it. */
  readonly making?: Making | undefined;
}

/** The preconditions and the range of a request: what the cache answers in the handler's place (RFC 9110 §13, §14). */
export interface Selection {
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifRange: string | undefined;
  readonly range: string | undefined;
}

/** Request fields that the handler of a cached miss never sees: its response has to be the whole (hazard 8). */
export const ANSWERED_BY_CACHE: readonly string[] = [
  "if-none-match",
  "if-modified-since",
  "if-range",
  "range",
];

/** Reads what a request asks of the whole; it is read before the adapter hides it from the handler. */
export function selectionOf(request: RequestRecord): Selection {
  return {
    ifNoneMatch: request.header("if-none-match"),
    ifModifiedSince: request.header("if-modified-since"),
    ifRange: request.header("if-range"),
    range: request.header("range"),
  };
}

/** What a whole response needs each time it is sent, worked out once. */
interface Prepared {
  readonly validators: {
    etag: string | undefined;
    lastModified: string | undefined;
    date: number | undefined;
  };
  /** The stored fields, less those that each message says anew. */
  readonly said: Fields;
  /** The same with the length of the whole. */
  readonly fields: Fields;
  /** Those of them that a 304 carries. */
  readonly notModified: Fields;
  readonly text: string | undefined;
}

/** The replies that were made with one list of added fields: whoever adds the same list gets the same ones. */
interface MadeReplies {
  whole?: Reply;
  notModified?: Reply;
}

const LARGEST_TEXT = 8192;

/** Whether a method asks for a representation, so that conditions are answered by 304 (RFC 9110 §13.2.1). */
export function asksForRepresentation(method: string): boolean {
  return ASKS_FOR_REPRESENTATION.has(method);
}

const ASKS_FOR_REPRESENTATION: ReadonlySet<string> = new Set(["GET", "HEAD", "QUERY"]);

const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);

/** Whether a message of this status has content (RFC 9110 §6.4.1, §15.3.6). */
export function hasContent(status: number): boolean {
  return !WITHOUT_CONTENT.has(status);
}

/**
 * Makes the messages that one whole response answers requests with: 200, 304, 206, 416, and their like for HEAD.
 *
 * What does not depend on the request is worked out once per entry and kept as long as the entry lives, so that a hit
 * parses nothing and copies no content.
 */
export class Responder {
  readonly #prepared = new WeakMap<Whole, Prepared>();

  /**
   * Answers one request; `added` are the fields of this message alone, such as `Age` and the status headers, and
   * `made` keeps what requests with the same ones were answered.
   */
  reply(whole: Whole, method: string, selection: Selection, added: Fields, made: MadeReplies = {}): Reply {
    return replyFrom(this.#prepare(whole), whole, method, selection, added, made);
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

/** Answers one request from a response that no other request is answered from: nothing of it is remembered. */
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
): Reply {
  const { status, body, making } = whole;
  // Preconditions and ranges apply to the selected representation of a 200 (RFC 9110 §13.2.1, §14.2). With other
  // methods, a matching tag would mean 412 and not 304 (RFC 9110 §13.1.2).
  if (status === 200 && asksForRepresentation(method)) {
    if (isNotModified(selection, prepared.validators)) {
      made.notModified ??= {
        status: 304,
        fields: [...prepared.notModified, ...added],
        body: undefined,
        making,
      };
      return made.notModified;
    }
    const { range } = selection;
    if (range !== undefined && method !== "HEAD") {
      const part = partOf(whole, range, selection.ifRange, prepared, added);
      if (part !== undefined) return { ...part, making };
    }
  }
  if (method === "HEAD" || !hasContent(status)) {
    return { status, fields: [...prepared.fields, ...added], body: undefined, making };
  }
  made.whole ??= { status, fields: [...prepared.fields, ...added], body, text: prepared.text, making };
  return made.whole;
}

function prepare(whole: Whole): Prepared {
  const { fields, body } = whole;
  // Said anew with each message, after what is stored.
  const said = fields.filter(([name]) => name !== "cache-status");
  return {
    validators: {
      etag: combined(fieldOf(fields, "etag")),
      lastModified: combined(fieldOf(fields, "last-modified")),
      date: whole.storedAt,
    },
    said,
    // A 204 has no content and so no length (RFC 9110 §8.6).
    fields:
      whole.status === 204
        ? said
        : [...said, ["content-length", String(hasContent(whole.status) ? body.byteLength : 0)]],
    notModified: notModifiedFields(fields),
    // Node writes the head in the encoding of a text that it sends along, so that is ASCII too or stays apart.
    text:
      body.byteLength <= LARGEST_TEXT && isAscii(body) && areAscii(fields)
        ? new TextDecoder().decode(body)
        : undefined,
  };
}

function isAscii(bytes: Uint8Array): boolean {
  // Each miss comes here: `every` with a callback takes many times as long.
  for (let at = 0; at < bytes.length; at++) {
    if ((bytes[at] as number) >= 0x80) return false;
  }
  return true;
}

function areAscii(fields: Fields): boolean {
  return fields.every(([, value]) => [value].flat().every((line) => !/[\x80-\xFF]/.test(line)));
}

/** Cuts ranges out of the whole; undefined where the whole is to be sent (RFC 9110 §14.2, §15.3.7). */
function partOf(
  whole: Whole,
  range: string,
  ifRange: string | undefined,
  prepared: Prepared,
  added: Fields,
): Reply | undefined {
  if (ifRange !== undefined && !ifRangeHolds(ifRange, prepared.validators)) return undefined;
  // The handler has the last word on whether its response is cut (RFC 9110 §14.3).
  if (refusesRanges(prepared.said)) return undefined;
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
  const said = fieldsOfPart(prepared.said);
  const [only] = ranges;
  if (ranges.length > 1 || only === undefined) return partsOf(said, body, ranges, added);
  const part = body.subarray(only.first, only.last + 1);
  const place: Fields = [["content-range", formatContentRange(only, body.byteLength)]];
  return cutReply([...without(said, ["content-range"]), ...place], part, added);
}

function refusesRanges(said: Fields): boolean {
  return parseList((combined(fieldOf(said, "accept-ranges")) ?? "").toLowerCase()).includes("none");
}

/** Several ranges, each a part of its own; undefined where the whole serves better. */
function partsOf(
  said: Fields,
  body: Uint8Array,
  ranges: readonly ByteRange[],
  added: Fields,
): Reply | undefined {
  if (!areWorthParts(ranges)) return undefined;
  const parts = multipartRanges(body, ranges, combined(fieldOf(said, "content-type")));
  // Parts that are larger than what they are parts of help nobody.
  if (parts.body.byteLength >= body.byteLength) return undefined;
  const type: Fields = [["content-type", parts.contentType]];
  return cutReply([...without(said, ["content-type", "content-range"]), ...type], parts.body, added);
}

function cutReply(said: Fields, body: Uint8Array, added: Fields): Reply {
  const length: Fields = [["content-length", String(body.byteLength)]];
  return { status: 206, fields: [...said, ...length, ...added], body };
}

function without(fields: Fields, names: readonly string[]): Fields {
  return fields.filter(([name]) => !names.includes(name));
}
