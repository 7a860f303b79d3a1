import type { Head, Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";

/** Until when a stale response may be served, in epoch ms; absent where it may not. */
export interface StaleWindows {
  /** While one refresh runs behind it (RFC 5861 §3). */
  readonly staleWhileRevalidateUntil?: number;
  /** In place of an error (RFC 5861 §4). */
  readonly staleIfErrorUntil?: number;
}

/**
 * Finds the stale windows of a response that goes stale at `staleAt`: what its route writes, else its own RFC 5861
 * directives, else none.
 *
 * `must-revalidate`, `proxy-revalidate` and `no-cache` veto both (RFC 9111 §4.2.4). `s-maxage` means `proxy-revalidate`
 * (§5.2.2.10); that counts where the route obeys the standard to the letter, unless the response itself names a window.
 */
export function staleWindows({ cacheControl }: Head, policy: Policy, staleAt: number): StaleWindows {
  if (cacheControl.mustRevalidate || cacheControl.proxyRevalidate || cacheControl.noCache !== false)
    return {};
  const isStrict = policy.scope === "shared" && cacheControl.sMaxage !== undefined;
  const windowMs = (written: number | undefined, said: number | undefined): number =>
    (isStrict ? undefined : written) ?? (said ?? 0) * 1000;
  const { staleWhileRevalidate, staleIfError } = cacheControl;
  const revalidatingMs = windowMs(policy.staleWhileRevalidateMs, staleWhileRevalidate);
  const errorMs = windowMs(policy.staleIfErrorMs, staleIfError);
  return {
    ...(revalidatingMs > 0 ? { staleWhileRevalidateUntil: staleAt + revalidatingMs } : {}),
    ...(errorMs > 0 ? { staleIfErrorUntil: staleAt + errorMs } : {}),
  };
}

/** The last instant at which one of the windows is open. */
export function lastWindow(windows: StaleWindows): number {
  return Math.max(windows.staleWhileRevalidateUntil ?? 0, windows.staleIfErrorUntil ?? 0);
}

/** Whether an entry may be served while it is refreshed behind the answer. */
export function servesWhileRevalidating(entry: Entry, now: number): boolean {
  return now < (entry.staleWhileRevalidateUntil ?? 0);
}

/** Whether an entry may be served in place of an error. */
export function servesOnError(entry: Entry, now: number): boolean {
  return now < (entry.staleIfErrorUntil ?? 0);
}

/** An entry without what was said of its old lifetime. */
export function withoutWindows(entry: Entry): Entry {
  const { staleWhileRevalidateUntil: _while, staleIfErrorUntil: _error, ...rest } = entry;
  return rest;
}
