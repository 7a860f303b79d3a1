import type { Head, Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";

/** Until when a stale response may be served, in epoch milliseconds. Absent: it may not. */
export interface StaleWindows {
  /** While one refresh runs in the background (RFC 5861 §3). */
  readonly staleWhileRevalidateUntil?: number;
  /** In place of an error (RFC 5861 §4). */
  readonly staleIfErrorUntil?: number;
}

/** What a route says about stale windows. */
export interface WindowPolicy extends Pick<Policy, "staleWhileRevalidateMs" | "staleIfErrorMs"> {
  readonly scope: unknown;
}

/**
 * Returns the stale windows of a response that becomes stale at `staleAt`: the route's, else the response's own RFC 5861
 * directives, else none.
 *
 * `must-revalidate`, `proxy-revalidate` and `no-cache` forbid both (RFC 9111 §4.2.4). `s-maxage` implies `proxy-revalidate`
 * (§5.2.2.10). That overrides the route's windows under `scope: "shared"`, but not the response's own.
 */
export function staleWindows(
  { cacheControl }: Pick<Head, "cacheControl">,
  policy: WindowPolicy,
  staleAt: number,
): StaleWindows {
  if (cacheControl.mustRevalidate || cacheControl.proxyRevalidate || cacheControl.noCache !== false)
    return {};
  const isStrict = policy.scope === "shared" && cacheControl.sMaxage !== undefined;
  const windowMs = (ofRoute: number | undefined, ofResponse: number | undefined): number =>
    (isStrict ? undefined : ofRoute) ?? (ofResponse ?? 0) * 1000;
  const { staleWhileRevalidate, staleIfError } = cacheControl;
  const revalidatingMs = windowMs(policy.staleWhileRevalidateMs, staleWhileRevalidate);
  const errorMs = windowMs(policy.staleIfErrorMs, staleIfError);
  return {
    ...(revalidatingMs > 0 ? { staleWhileRevalidateUntil: staleAt + revalidatingMs } : {}),
    ...(errorMs > 0 ? { staleIfErrorUntil: staleAt + errorMs } : {}),
  };
}

/** Returns the end of the later window, or 0 without one. */
export function lastWindow(windows: StaleWindows): number {
  return Math.max(windows.staleWhileRevalidateUntil ?? 0, windows.staleIfErrorUntil ?? 0);
}

/** Returns whether an entry may be served stale while it is refreshed. */
export function servesWhileRevalidating(entry: Entry, now: number): boolean {
  return now < (entry.staleWhileRevalidateUntil ?? 0);
}

/** Returns whether an entry may be served stale in place of an error. */
export function servesOnError(entry: Entry, now: number): boolean {
  return now < (entry.staleIfErrorUntil ?? 0);
}

/** Returns an entry without its stale windows. */
export function withoutWindows(entry: Entry): Entry {
  const { staleWhileRevalidateUntil: _while, staleIfErrorUntil: _error, ...rest } = entry;
  return rest;
}
