import type { Clock } from "../index.ts";

/** A clock that only `advance` moves. */
export interface TestClock extends Clock {
  /** The number of scheduled callbacks. */
  readonly pending: number;
  /** Moves the clock forward by this many seconds. Callbacks that fall due run in order, each at its own instant. */
  advance(seconds: number): void;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Returns a clock that stands still at `startMs` (epoch milliseconds; default: the beginning of 2026 in UTC).
 *
 * @example
 * const clock = testClock();
 * const cache = createCache({ clock, defaults: { ttl: 60 } });
 * clock.advance(61); // what was stored before is stale now
 */
export function testClock(startMs: number = Date.UTC(2026, 0, 1)): TestClock {
  return new StandingClock(startMs);
}

class StandingClock implements TestClock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs: number) {
    this.#now = startMs;
  }

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const timer = { at: this.#now + Math.max(delayMs, 0), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  advance(seconds: number): void {
    const end = this.#now + seconds * 1000;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) {
      this.#timers.delete(due);
      this.#now = due.at;
      due.callback();
    }
    this.#now = end;
  }

  /** The first timer until `end`. Of two at one instant, the one scheduled first. */
  #due(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }
}
