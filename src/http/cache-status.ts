import { combined } from "./fields.ts";
import type { FieldValue } from "./fields.ts";

/** How one cache handled one request (RFC 9211 §2). `ttl` is in seconds, negative once stale. */
export interface CacheStatus {
  readonly cache: string;
  readonly hit?: boolean;
  readonly fwd?: "bypass" | "method" | "uri-miss" | "vary-miss" | "miss" | "request" | "stale" | "partial";
  readonly fwdStatus?: number;
  readonly ttl?: number;
  readonly stored?: boolean;
  readonly collapsed?: boolean;
  readonly key?: string;
  readonly detail?: string;
}

/**
 * Returns one `Cache-Status` member (RFC 9211 §2). It is well-formed for any strings (RFC 9651 §3). A hit has no parameters
 * of forwarded requests, because `hit` and `fwd` exclude each other (RFC 9211 §2.1).
 */
export function formatCacheStatus(status: CacheStatus): string {
  let member = formatName(status.cache);
  if (status.hit === true) {
    member += ";hit";
  } else {
    if (status.fwd !== undefined) member += `;fwd=${status.fwd}`;
    member += formatInteger("fwd-status", status.fwdStatus);
    member += formatBoolean("stored", status.stored);
    member += formatBoolean("collapsed", status.collapsed);
  }
  member += formatInteger("ttl", status.ttl);
  if (status.key !== undefined) member += `;key=${formatString(status.key)}`;
  if (status.detail !== undefined) member += `;detail=${formatName(status.detail)}`;
  return member;
}

/** Returns the field with `member` after those of caches nearer to the origin (RFC 9211 §2). */
export function appendCacheStatus(present: FieldValue | undefined, member: string): string {
  const earlier = combined(present);
  return earlier === undefined || earlier === "" ? member : `${earlier}, ${member}`;
}

const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/;
const LONE_SURROGATE = /^[\uD800-\uDFFF]$/;
const MAX_INTEGER = 999_999_999_999_999;

// RFC 9211 §2 and §2.8 allow a String or a Token here. A Token is shorter.
function formatName(text: string): string {
  return TOKEN.test(text) ? text : formatString(text);
}

function formatString(text: string): string {
  return `"${text.replace(/[^\x20-\x7E]/gu, percentEncode).replace(/["\\]/g, "\\$&")}"`;
}

function percentEncode(char: string): string {
  return LONE_SURROGATE.test(char) ? "%EF%BF%BD" : encodeURIComponent(char);
}

function formatBoolean(name: string, value: boolean | undefined): string {
  if (value === undefined) return "";
  return value ? `;${name}` : `;${name}=?0`;
}

// Rounded down, so that half a second after `staleAt` is -1 and not 0.
function formatInteger(name: string, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  return `;${name}=${Math.min(Math.max(Math.floor(value), -MAX_INTEGER), MAX_INTEGER)}`;
}
