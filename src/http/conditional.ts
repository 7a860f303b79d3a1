import { parseEntityTag, parseEntityTags, weakMatch } from "./etag.ts";
import type { Fields } from "./fields.ts";
import { parseHttpDate } from "./http-date.ts";

/** The conditional fields of a GET or HEAD request, as received. */
export interface Conditions {
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
}

/** The validators of a stored response, and its `Date` in epoch milliseconds. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly date?: number | undefined;
}

/**
 * Returns whether a GET or HEAD gets 304: by `If-None-Match` alone if present, else by `If-Modified-Since`
 * (RFC 9110 §13.2.2). Without `Last-Modified`, the stored `Date` is used (RFC 9111 §4.3.2).
 */
export function isNotModified(request: Conditions, stored: Validators): boolean {
  if (request.ifNoneMatch !== undefined) return isListed(request.ifNoneMatch, stored.etag);
  if (request.ifModifiedSince === undefined) return false;
  const since = parseHttpDate(request.ifModifiedSince, stored.date);
  const modified =
    stored.lastModified === undefined ? stored.date : parseHttpDate(stored.lastModified, stored.date);
  if (since === undefined || modified === undefined) return false;
  // An HTTP-date has no fraction of a second, so that of a stored instant must not count.
  return Math.floor(modified / 1000) * 1000 <= since;
}

/** The fields of the whole response that a 304 has as well (RFC 9110 §15.4.5). */
export const NOT_MODIFIED_FIELDS: ReadonlySet<string> = new Set([
  "cache-control",
  "content-location",
  "date",
  "etag",
  "expires",
  "vary",
]);

/** Returns the fields of a stored response that its 304 has (RFC 9110 §15.4.5). */
export function notModifiedFields(fields: Fields): Fields {
  return fields.filter(([name]) => NOT_MODIFIED_FIELDS.has(name));
}

function isListed(ifNoneMatch: string, etag: string | undefined): boolean {
  // The usual case: the one tag that the client received.
  if (ifNoneMatch === etag) return true;
  const tags = parseEntityTags(ifNoneMatch);
  if (tags === "*") return true;
  const current = etag === undefined ? undefined : parseEntityTag(etag);
  return current !== undefined && tags.some((tag) => weakMatch(tag, current));
}
