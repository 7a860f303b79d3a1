import type { Entry } from "../contract/store.ts";

/**
 * Whether a fresh entry is refreshed already, so that it does not expire under load (XFetch).
 *
 * The chance rises as the end comes near, and the sooner the longer the handler took: with `beta` 1, the refresh begins
 * about `fillMs` before the end. `random` answers a number from 0 up to 1.
 * Source: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 */
export function isDueEarly(entry: Entry, now: number, beta: number, random: () => number): boolean {
  if (entry.fillMs === undefined || entry.staleAt === Infinity) return false;
  // Never 0, of which there is no logarithm.
  return now - entry.fillMs * beta * Math.log(1 - random()) >= entry.staleAt;
}

/** Returns the chance, from 0 to 1, that `isDueEarly` holds. */
export function chanceOfEarlyRefresh({ fillMs, staleAt }: Entry, now: number, beta: number): number {
  if (fillMs === undefined || staleAt === Infinity) return 0;
  return now >= staleAt ? 1 : Math.exp((now - staleAt) / (fillMs * beta));
}

/** The instant at which a response goes stale, up to `jitter` (a part of its lifetime) earlier. */
export function jittered(staleAt: number, now: number, jitter: number, random: () => number): number {
  if (jitter === 0 || staleAt === Infinity || staleAt <= now) return staleAt;
  return staleAt - (staleAt - now) * jitter * random();
}
