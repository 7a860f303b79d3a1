import { combined, fieldOf } from "../http/fields.ts";
import { parseDeltaSeconds } from "../http/delta-seconds.ts";
import { parseHttpDate } from "../http/http-date.ts";
import { CacheError, show } from "./errors.ts";
import type { Entry } from "./store.ts";
import type { Head, Policy } from "./types.ts";

/** The instants of a response that is about to be stored, in epoch ms. */
export interface Instants {
  readonly storedAt: number;
  readonly staleAt: number;
  readonly deleteAt: number;
}

/** Whether an entry may be served without asking its handler (RFC 9111 §4.2). */
export function isFresh(entry: Entry, now: number): boolean {
  return now < entry.staleAt;
}

/** The `Age` of an entry in whole seconds; a clock that was set back makes it 0, never less (RFC 9111 §4.2.3). */
export function ageOf(entry: { readonly storedAt: number }, now: number): number {
  const age = Math.floor((now - entry.storedAt) / 1000);
  return age > 0 ? Math.min(age, 2 ** 31) : 0;
}

/** The seconds for which an entry stays fresh; negative where it is stale, undefined where it never goes stale. */
export function ttlOf(entry: { readonly staleAt: number }, now: number): number | undefined {
  return entry.staleAt === Infinity ? undefined : Math.floor((entry.staleAt - now) / 1000);
}

/**
 * Finds the three instants of a response received at `now`, or undefined if it is stale already.
 *
 * The lifetime is the route's written `ttl`; else `s-maxage`, `max-age` or `Expires` (RFC 9111 §4.2.1), less the age
 * that the response had on arrival; else the default. Throws `ERR_CACHE_TTL` where a `ttl` function answers no number.
 */
export function instantsOf(head: Head, policy: Policy, now: number): Instants | undefined {
  const storedAt = now - initialAgeMs(head, now);
  const staleAt = staleInstant(head, policy, now, storedAt);
  return staleAt > now ? { storedAt, staleAt, deleteAt: staleAt } : undefined;
}

function staleInstant(head: Head, policy: Policy, now: number, storedAt: number): number {
  if (typeof policy.ttl === "number") return now + policy.ttl;
  if (policy.ttl !== undefined) return now + writtenTtl(policy.ttl, head, policy.route);
  const stated = statedLifetimeMs(head, now);
  return stated === undefined ? now + policy.defaultTtlMs : storedAt + stated;
}

function writtenTtl(ttl: Exclude<Policy["ttl"], number | undefined>, head: Head, route: string): number {
  const seconds: unknown = ttl({
    status: head.status,
    header: (name) => valueOf(head, name.toLowerCase()),
  });
  if (typeof seconds === "number" && seconds >= 0) return seconds * 1000;
  throw new CacheError(
    "ERR_CACHE_TTL",
    `${route}: the function given as "ttl" returned ${show(seconds)}; it must return seconds, 0 or more`,
  );
}

function statedLifetimeMs(head: Head, now: number): number | undefined {
  const { sMaxage, maxAge } = head.cacheControl;
  const seconds = sMaxage ?? maxAge;
  if (seconds !== undefined) return seconds * 1000;
  const expires = valueOf(head, "expires");
  if (expires === undefined) return undefined;
  // An invalid date, "0" above all, means that the response has expired (RFC 9111 §5.3).
  const expiresAt = parseHttpDate(expires, now) ?? 0;
  const dateAt = parseHttpDate(valueOf(head, "date") ?? "", now) ?? now;
  return expiresAt - dateAt;
}

/** The age that a response had when it came: its handler may itself have asked a cache (RFC 9111 §4.2.3). */
function initialAgeMs(head: Head, now: number): number {
  const age = (parseDeltaSeconds(valueOf(head, "age") ?? "") ?? 0) * 1000;
  const dateAt = parseHttpDate(valueOf(head, "date") ?? "", now) ?? now;
  return Math.max(age, now - dateAt, 0);
}

/** What the handler said wins over what was there before it. */
function valueOf(head: Head, name: string): string | undefined {
  return combined(fieldOf(head.fields, name) ?? (head.earlier && fieldOf(head.earlier, name)));
}
