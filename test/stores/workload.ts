import type { Store } from "../../src/index.ts";
import { entryOf, read } from "./support.ts";

/** A workload that can be run again. */
export interface Workload {
  readonly requests: number;
  /** How many different keys are asked for again and again. */
  readonly keys: number;
  /** Whether they are asked for one after the other, and not by Zipf's law. */
  readonly inTurns?: boolean;
  /** How many one-off keys come with each of those requests. */
  readonly flood: number;
  readonly seed: number;
}

/** What four one-off keys to each request leave of the hit ratio: 1 is all of it. */
export function leftByFlood(makeStore: () => Store, workload: Omit<Workload, "flood">): number {
  const calm = hitRatio(makeStore(), { ...workload, flood: 0 });
  return hitRatio(makeStore(), { ...workload, flood: 4 }) / calm;
}

/** Runs a workload against a store. Returns the share of the recurring requests that were hits. */
export function hitRatio(store: Store, { requests, keys, inTurns, flood, seed }: Workload): number {
  const random = randomFrom(seed);
  const popularity = zipf(keys);
  const next = (request: number): number => (inTurns ? request % keys : rankOf(popularity, random()));
  const measuredFrom = requests / 5;
  let hits = 0;
  for (let request = 0; request < requests; request++) {
    const isHit = ask(store, `/page/${next(request)}`);
    if (isHit && request >= measuredFrom) hits++;
    for (let one = 0; one < flood; one++) ask(store, `/page?once=${request}.${one}`);
  }
  return hits / (requests - measuredFrom);
}

function ask(store: Store, key: string): boolean {
  if (read(store, key) !== undefined) return true;
  void store.set(entryOf(key));
  return false;
}

/** The running sums of 1/rank, scaled to 1. */
function zipf(keys: number): readonly number[] {
  let sum = 0;
  const sums = Array.from({ length: keys }, (_, index) => (sum += 1 / (index + 1)));
  return sums.map((upTo) => upTo / sum);
}

function rankOf(popularity: readonly number[], at: number): number {
  let [low, high] = [0, popularity.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((popularity[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers from 0 to 1, the same for each seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
