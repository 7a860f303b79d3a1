import type { Validators } from "./conditional.ts";
import { parseEntityTag, strongMatch } from "./etag.ts";
import { parseHttpDate } from "./http-date.ts";
import { parseList } from "./list.ts";

/** A range of bytes, both ends included (RFC 9110 §14.1.2). */
export type ByteRange = { readonly first: number; readonly last: number };

/**
 * Returns the satisfiable ranges of a `Range` value in a body of `length` bytes, cut at its end, or `"unsatisfiable"` if there
 * is none. Returns undefined if the field is absent, malformed or in another unit, and so ignored (RFC 9110 §14.2).
 */
export function parseRange(
  value: string | undefined,
  length: number,
): readonly ByteRange[] | "unsatisfiable" | undefined {
  if (value === undefined || !BYTES.test(value)) return undefined;
  const members = parseList(value.slice("bytes=".length));
  if (members.length === 0) return undefined;
  const ranges: ByteRange[] = [];
  for (const member of members) {
    const range = parseMember(member, length);
    if (range === undefined) return undefined;
    if (range.first <= range.last) ranges.push(range);
  }
  return ranges.length === 0 ? "unsatisfiable" : ranges;
}

/** Returns the `Content-Range` of one part of a body of `length` bytes (RFC 9110 §14.4). */
export function formatContentRange(range: ByteRange, length: number): string {
  return `bytes ${range.first}-${range.last}/${length}`;
}

/** Returns the `Content-Range` of a 416 about a body of `length` bytes (RFC 9110 §15.5.17). */
export function formatUnsatisfied(length: number): string {
  return `bytes */${length}`;
}

/** Returns whether `If-Range` is absent or matches a strong validator of the stored response (RFC 9110 §13.1.5). */
export function ifRangeHolds(ifRange: string | undefined, stored: Validators): boolean {
  if (ifRange === undefined) return true;
  const wanted = parseEntityTag(ifRange);
  if (wanted === undefined) return isStrongDate(ifRange, stored.lastModified, stored.date);
  const current = stored.etag === undefined ? undefined : parseEntityTag(stored.etag);
  return current !== undefined && strongMatch(wanted, current);
}

const BYTES = /^bytes=/i;
const MEMBER = /^(\d*)-(\d*)$/;
const ONE_SECOND_MS = 1000;

/** Returns the range cut at the body's end, one with `last < first` if unsatisfiable, undefined if malformed. */
function parseMember(member: string, length: number): ByteRange | undefined {
  const match = MEMBER.exec(member);
  if (match === null) return undefined;
  const from = match[1] as string;
  const to = match[2] as string;
  if (from === "") return parseSuffix(to, length);
  if (to !== "" && Number(to) < Number(from)) return undefined;
  return { first: Number(from), last: to === "" ? length - 1 : Math.min(Number(to), length - 1) };
}

function parseSuffix(suffix: string, length: number): ByteRange | undefined {
  if (suffix === "") return undefined;
  // RFC 9110 §14.1.2 calls this satisfiable, but no Content-Range can express it, so the empty body is sent whole.
  if (length === 0 && Number(suffix) > 0) return undefined;
  return { first: Math.max(length - Number(suffix), 0), last: length - 1 };
}

function isStrongDate(text: string, lastModified: string | undefined, date: number | undefined): boolean {
  if (lastModified === undefined || date === undefined) return false;
  const wanted = parseHttpDate(text, date);
  // RFC 9110 §8.8.2.2: two changes in one second have the same Last-Modified.
  return (
    wanted !== undefined && wanted === parseHttpDate(lastModified, date) && date - wanted >= ONE_SECOND_MS
  );
}
