import type { StoreStats } from "../contract/store.ts";

/**
 * What a cache knows of its store.
 *
 * The size of the store, `entries`, `bytes` and `evictions`, is absent if the store has no `stats`, or they failed.
 */
export interface StoreState extends Partial<StoreStats> {
  /** The store's name. */
  readonly name: string;
  /**
   * `up`: all is well. `down`: lookups are skipped, so every request is a miss. `read-only`: what is stored is served, and nothing
   * is written. `blind`: this process does not hear what others invalidate. `down` after `cache.close()`, too.
   */
  readonly state: "up" | "down" | "read-only" | "blind";
  /** A moving average of how long a lookup takes, in milliseconds. Undefined: there was none, or the store returns at once. */
  readonly latency: number | undefined;
  /** How many writes and invalidations the store has not finished. */
  readonly pending: number;
  /** How many responses were not written because the store was down, read-only, or had too much to write. */
  readonly dropped: number;
  /** How many invalidations by others and by itself this process remembers. 0: it shares the store with no one. */
  readonly marks: number;
  /** How often it has asked the store for them. */
  readonly polls: number;
}

/** The log of invalidations that processes share, as far as the state of a store has it. */
export interface StoreLog {
  readonly state: "unread" | "current" | "blind";
  /** How many marks are remembered. */
  readonly marks: number;
  readonly polls: number;
  /** How many marks wait to be added. */
  readonly pending: number;
}
