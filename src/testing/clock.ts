import type { Clock } from "../index.ts";

/** A clock that stands still until it is told to move: time in tests is a value. */
export interface TestClock extends Clock {
  /** How many callbacks wait for their time. */
  readonly pending: number;
  /** Moves on by this many seconds; what falls due on the way runs at its own instant, in order. */
  advance(seconds: number): void;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Makes a clock that shows `startMs` (epoch ms; default: the beginning of 2026) and never moves by itself. */
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

  /** The first timer until `end`; of two at one instant the one that was set first. */
  #due(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }
}
