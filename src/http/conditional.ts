import { parseEntityTag, parseEntityTags, weakMatch } from "./etag.ts";
import type { Fields } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/** The conditions of a GET or HEAD request that a stored response can answer, as they were received. */
export interface Conditions {
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
}

/** What a stored response is compared by: its fields as they were said, and its `Date` in epoch milliseconds. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly date?: number | undefined;
}

/**
 * Decides whether a GET or HEAD is answered 304: by `If-None-Match` alone where it was sent, else by
 * `If-Modified-Since` (RFC 9110 §13.2.2). Without `Last-Modified`, the stored `Date` stands in (RFC 9111 §4.3.2).
 */
export function isNotModified(request: Conditions, stored: Validators): boolean {
  if (request.ifNoneMatch !== undefined) return isListed(request.ifNoneMatch, stored.etag);
  if (request.ifModifiedSince === undefined) return false;
  const since = parseHttpDate(request.ifModifiedSince, stored.date);
  const modified =
    stored.lastModified === undefined ? stored.date : parseHttpDate(stored.lastModified, stored.date);
  if (since === undefined || modified === undefined) return false;
  // An HTTP-date has no fraction, so the fraction of a stored instant is not a modification.
  return Math.floor(modified / 1000) * 1000 <= since;
}

/** The only fields that a 304 carries: those that a 200 would, and that a cache updates by (RFC 9110 §15.4.5). */
export const NOT_MODIFIED_FIELDS: ReadonlySet<string> = new Set([
  "cache-control",
  "content-location",
  "date",
  "etag",
  "expires",
  "vary",
]);

/** Returns the fields of a stored response that its 304 carries (RFC 9110 §15.4.5). */
export function notModifiedFields(fields: Fields): Fields {
  return fields.filter(([name]) => NOT_MODIFIED_FIELDS.has(name));
}

function isListed(ifNoneMatch: string, etag: string | undefined): boolean {
  // What nearly every client sends: the one tag that it was given.
  if (ifNoneMatch === etag) return true;
  const tags = parseEntityTags(ifNoneMatch);
  if (tags === "*") return true;
  const current = etag === undefined ? undefined : parseEntityTag(etag);
  return current !== undefined && tags.some((tag) => weakMatch(tag, current));
}
