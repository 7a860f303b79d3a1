/** Where the core takes its time from: an argument, so that tests advance it as a value. */
export interface Clock {
  /** The current instant, in epoch milliseconds. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
}
