import { parseAge } from "../../http/delta-seconds.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { FieldValue } from "../../http/fields.ts";
import { parseHttpDate } from "../../http/http-date.ts";
import { asSeconds } from "../contract/durations.ts";
import { misreturned } from "../contract/errors.ts";
import type { Head, Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { lastWindow, staleWindows } from "./stale-windows.ts";
import type { StaleWindows } from "./stale-windows.ts";

/** The instants of a response to store, in epoch milliseconds. */
export interface Instants extends StaleWindows {
  readonly storedAt: number;
  readonly staleAt: number;
  readonly deleteAt: number;
}

/** How long a stale response is kept for its validator. */
const KEPT_STALE_MS = 24 * 3600 * 1000;

/** The longest heuristic lifetime (RFC 9111 §4.2.2). */
const MOST_HEURISTIC_MS = 24 * 3600 * 1000;

/** The statuses that may have a heuristic lifetime (RFC 9110 §15.1). */
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/** Returns whether an entry is fresh (RFC 9111 §4.2). */
export function isFresh(entry: Entry, now: number): boolean {
  return now < entry.staleAt;
}

/** Returns the `Age` of an entry in whole seconds (RFC 9111 §4.2.3). It is 0, never less, after a clock was set back. */
export function ageOf(entry: { readonly storedAt: number }, now: number): number {
  const age = Math.floor((now - entry.storedAt) / 1000);
  return age > 0 ? Math.min(age, 2 ** 31) : 0;
}

/**
 * Returns the remaining lifetime of an entry in seconds, negative if it is stale, undefined if it never becomes stale. It is
 * never more than the whole lifetime, even if the clock that stored the entry is ahead.
 */
export function ttlOf(
  entry: { readonly storedAt?: number; readonly staleAt: number },
  now: number,
): number | undefined {
  if (entry.staleAt === Infinity) return undefined;
  return Math.floor((entry.staleAt - Math.max(now, entry.storedAt ?? now)) / 1000);
}

/**
 * Returns the instants of a response that was requested at `askedAt` and received at `now`. Returns undefined if it is stale
 * on arrival and is neither kept for its validator nor ever served stale.
 *
 * The lifetime is the first of: the route's lifetime for the status; the route's `ttl`; the response's own (RFC 9111 §4.2.1),
 * or a heuristic one if the route allows it, both less the age on arrival; the default. `shorten` returns an earlier `staleAt`.
 * A route that keeps nothing has no lifetimes. `aheadMs` is the lead of `now` over the clock that the origin's dates refer to.
 *
 * Throws `ERR_CACHE_TTL` if a `ttl` function does not return a number of 0 or more.
 */
export function instantsOf(
  head: Head,
  policy: Policy,
  now: number,
  askedAt: number = now,
  shorten: (staleAt: number) => number = (staleAt) => staleAt,
  aheadMs: number = 0,
): Instants | undefined {
  const datedNow = now - aheadMs;
  const ageMs = initialAgeMs(head, datedNow, askedAt - aheadMs);
  // With an unreadable `Age` a response counts as new under the route's `ttl`, and as stale under its own lifetime.
  const storedAt = Number.isFinite(ageMs) ? now - ageMs : now;
  // It is shared during its run, whatever its lifetime: nothing of it is used again after that.
  if (!policy.keeps) return { storedAt, staleAt: Infinity, deleteAt: Infinity };
  // A response with `no-cache` is revalidated on every request (RFC 9111 §5.2.2.4).
  const staleAt =
    head.cacheControl.noCache === false
      ? shorten(staleInstant(head, policy, now, storedAt, datedNow))
      : Math.min(storedAt, now);
  const windows = staleWindows(head, policy, staleAt);
  const servedUntil = Math.max(staleAt, lastWindow(windows));
  if (policy.revalidate && hasValidator(head)) {
    const keptUntil = Math.max(staleAt, now) + KEPT_STALE_MS;
    return { storedAt, staleAt, deleteAt: Math.max(keptUntil, servedUntil), ...windows };
  }
  return servedUntil > now ? { storedAt, staleAt, deleteAt: servedUntil, ...windows } : undefined;
}

/**
 * Returns a description of where a stored response's lifetime came from. Undefined if the entry does not show it, for example
 * because earlier middleware set the `Cache-Control`.
 */
export function lifetimeSource(
  entry: Pick<Entry, "storedAt" | "staleAt">,
  head: Head,
  policy: Policy,
): string | undefined {
  const lifetimeMs = entry.staleAt - entry.storedAt;
  // `storedAt` is earlier by the age on arrival, so this lifetime may be longer than the configured one.
  const written = (ms: number, source: string): string | undefined => (lifetimeMs >= ms ? source : undefined);
  const { noCache, sMaxage, maxAge } = head.cacheControl;
  if (noCache !== false) return "no-cache: it is asked for each time";
  const ofStatus = policy.statuses === "any" ? undefined : policy.statuses.get(head.status);
  if (ofStatus !== undefined) return written(ofStatus, `the route's lifetime for status ${head.status}`);
  if (typeof policy.ttl === "number") return written(policy.ttl, "the route's ttl");
  if (policy.ttl !== undefined) return "the route's ttl function";
  const seconds = sMaxage ?? maxAge;
  if (seconds !== undefined) {
    const directive = sMaxage === undefined ? "max-age" : "s-maxage";
    const field = head.isTargeted ? "CDN-Cache-Control" : "Cache-Control";
    return seconds * 1000 === lifetimeMs ? `${directive} in the response's ${field}` : undefined;
  }
  if (!head.isTargeted && valueOf(head, "expires") !== undefined) return "the response's Expires";
  if (policy.heuristic && heuristicLifetimeMs(head, entry.storedAt) !== undefined)
    return "a tenth of the time since its Last-Modified";
  return written(policy.defaultTtlMs, "the default: the response states none");
}

/** Whether a response has a validator (RFC 9110 §8.8). */
function hasValidator(head: Head): boolean {
  return fieldOf(head.fields, "etag") !== undefined || fieldOf(head.fields, "last-modified") !== undefined;
}

function staleInstant(head: Head, policy: Policy, now: number, storedAt: number, datedNow: number): number {
  const ofStatus = policy.statuses === "any" ? undefined : policy.statuses.get(head.status);
  if (ofStatus !== undefined) return now + ofStatus;
  if (typeof policy.ttl === "number") return now + policy.ttl;
  if (policy.ttl !== undefined) return now + writtenTtl(policy.ttl, head, policy.route);
  const lifetime =
    statedLifetimeMs(head, datedNow) ?? (policy.heuristic ? heuristicLifetimeMs(head, datedNow) : undefined);
  if (lifetime === undefined) return now + policy.defaultTtlMs;
  return parseAge(valueOf(head, "age")) === Infinity ? now : storedAt + lifetime;
}

function writtenTtl(ttl: Exclude<Policy["ttl"], number | undefined>, head: Head, route: string): number {
  const seconds: unknown = ttl({
    status: head.status,
    header: (name) => combined(valueOf(head, name.toLowerCase())),
  });
  if (typeof seconds === "number" && seconds >= 0) return seconds * 1000;
  const hint = asSeconds(seconds);
  const remedy = hint && `return ${hint}`;
  throw misreturned("ERR_CACHE_TTL", { route, option: "ttl", what: "seconds, 0 or more", remedy }, seconds);
}

/** The response's own lifetime (RFC 9111 §4.2.1). A targeted field counts alone (RFC 9213 §2.2). */
function statedLifetimeMs(head: Head, now: number): number | undefined {
  const { sMaxage, maxAge } = head.cacheControl;
  const seconds = sMaxage ?? maxAge;
  if (seconds !== undefined) return seconds * 1000;
  const expires = head.isTargeted ? undefined : valueOf(head, "expires");
  if (expires === undefined) return undefined;
  // An invalid date, "0" above all, means that the response has expired (RFC 9111 §5.3).
  const expiresAt = parseHttpDate(combined(expires) ?? "", now) ?? 0;
  return expiresAt - (dateOf(head, now) ?? now);
}

function heuristicLifetimeMs(head: Head, now: number): number | undefined {
  if (!HEURISTICALLY_CACHEABLE.has(head.status) && !head.cacheControl.public) return undefined;
  const modifiedAt = parseHttpDate(combined(valueOf(head, "last-modified")) ?? "", now);
  if (modifiedAt === undefined) return undefined;
  const sinceMs = (dateOf(head, now) ?? now) - modifiedAt;
  return Math.min(Math.max(sinceMs / 10, 0), MOST_HEURISTIC_MS);
}

/** The age on arrival: the handler may have got the response from another cache (RFC 9111 §4.2.3). */
function initialAgeMs(head: Head, now: number, askedAt: number): number {
  const stated = parseAge(valueOf(head, "age"));
  const corrected = stated === undefined ? 0 : stated * 1000 + (now - askedAt);
  return Math.max(corrected, now - (dateOf(head, now) ?? now), 0);
}

function dateOf(head: Head, now: number): number | undefined {
  return parseHttpDate(combined(valueOf(head, "date")) ?? "", now);
}

/** A field of the handler, else of earlier middleware. */
function valueOf(head: Head, name: string): FieldValue | undefined {
  return fieldOf(head.fields, name) ?? (head.earlier && fieldOf(head.earlier, name));
}
