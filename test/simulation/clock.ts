import type { Clock } from "../../src/index.ts";
import type { Random } from "./random.ts";

/** Something that will happen at an instant of virtual time. */
interface Event {
  readonly at: number;
  /** Drawn from the seed: the order of what happens at one instant. */
  readonly tie: number;
  readonly isOfCore: boolean;
  run: (() => void) | undefined;
}

/** The beginning of every simulation, epoch ms. */
export const BEGINNING = Date.UTC(2026, 0, 1);

/**
 * Time and scheduler of a simulation: a heap of events, of which one at a time happens.
 *
 * What is due at the same instant happens in an order that the seed decides. The core sees a plain clock; the world
 * around it uses `after`, so that the timers of the one can be told from those of the other.
 */
export class VirtualClock implements Clock {
  readonly #random: Random;
  readonly #heap: Event[] = [];
  #now = BEGINNING;
  #behindMs = 0;
  #ofCore = 0;
  #ofWorld = 0;
  #steps = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** How many timers the core has set that have not gone off. */
  get timersOfCore(): number {
    return this.#ofCore;
  }

  /** How many events of the world are still to come. */
  get eventsOfWorld(): number {
    return this.#ofWorld;
  }

  /** How many events have happened. */
  get steps(): number {
    return this.#steps;
  }

  /** What the core takes for the time. */
  now(): number {
    return this.#now - this.#behindMs;
  }

  /** The time as it passes, whatever the clock says. */
  instant(): number {
    return this.#now;
  }

  /** The clock is set back; what it was to wake is woken after as long as before. */
  setBack(ms: number): void {
    this.#behindMs += ms;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    return this.#add(callback, delayMs, true);
  }

  /** As `schedule`, for the world. */
  after(delayMs: number, callback: () => void): () => void {
    return this.#add(callback, delayMs, false);
  }

  /** Lets the next event happen; false where nothing is left to come. */
  step(): boolean {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      const { run } = event;
      if (run === undefined) continue;
      this.#forget(event);
      this.#now = event.at;
      this.#steps++;
      run();
      return true;
    }
    return false;
  }

  #add(run: () => void, delayMs: number, isOfCore: boolean): () => void {
    const event = { at: this.#now + Math.max(0, delayMs), tie: this.#random.next(), isOfCore, run };
    if (isOfCore) this.#ofCore++;
    else this.#ofWorld++;
    this.#push(event);
    return () => this.#forget(event);
  }

  /** Takes an event out of the count; the heap drops it once it is its turn. */
  #forget(event: Event): void {
    if (event.run === undefined) return;
    event.run = undefined;
    if (event.isOfCore) this.#ofCore--;
    else this.#ofWorld--;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above] as Event)) break;
      heap[at] = heap[above] as Event;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below++;
      if (!isBefore(heap[below] as Event, last)) break;
      heap[at] = heap[below] as Event;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.tie < other.tie);
}

/**
 * Lets everything that waits for a promise go on, until nothing moves any more without another event.
 *
 * Node runs what was given to `nextTick` by a microtask once the queue of microtasks is empty: exact, and much cheaper
 * than a turn of the event loop. To be awaited in an async function that has awaited something before.
 */
export function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
