import type { Entry } from "../contract/store.ts";

/**
 * Returns whether to refresh a fresh entry before it becomes stale, so that it does not expire under load (XFetch).
 *
 * The probability rises as `staleAt` comes near, and earlier if the handler took longer. With `beta` 1 the refresh begins
 * about `fillMs` before `staleAt`. `random` returns a number from 0 up to, not including, 1.
 * Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 */
export function isDueEarly(entry: Entry, now: number, beta: number, random: () => number): boolean {
  if (entry.fillMs === undefined || entry.staleAt === Infinity) return false;
  // `1 - random()` is never 0, which has no logarithm.
  return now - entry.fillMs * beta * Math.log(1 - random()) >= entry.staleAt;
}

/** Returns the probability, from 0 to 1, that `isDueEarly` returns true. */
export function chanceOfEarlyRefresh({ fillMs, staleAt }: Entry, now: number, beta: number): number {
  if (fillMs === undefined || staleAt === Infinity) return 0;
  return now >= staleAt ? 1 : Math.exp((now - staleAt) / (fillMs * beta));
}

/** Returns `staleAt`, at random up to `jitter` (a part of the lifetime, 0 to 1) earlier. */
export function jittered(staleAt: number, now: number, jitter: number, random: () => number): number {
  if (jitter === 0 || staleAt === Infinity || staleAt <= now) return staleAt;
  return staleAt - (staleAt - now) * jitter * random();
}
