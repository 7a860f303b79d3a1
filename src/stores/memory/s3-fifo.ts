import type { Entry } from "../../core/contract/store.ts";
import { Ghosts, nameOf } from "./ghosts.ts";
import { Queue } from "./queue.ts";
import type { Slot } from "./queue.ts";

/** One part in so many of what is held is for newcomers. */
const PARTS = 10;
/** More hits than this are not counted: an entry that was in demand once must be able to go. */
const MOST_HITS = 3;

/**
 * Decides what is evicted: S3-FIFO (Yang et al., SOSP 2023).
 *
 * Newcomers stand in a small queue. One that was asked for before its turn goes on to the main queue; any other is
 * evicted, and its name is remembered for a while: if it comes again, it enters the main queue at once. There, each
 * hit buys another turn. A hit only counts, and moves nothing.
 */
export class EvictionOrder {
  readonly #small = new Queue();
  readonly #main = new Queue();
  readonly #ghosts = new Ghosts();
  #entries = 0;

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes;
  }

  hit(slot: Slot): void {
    if (slot.hits < MOST_HITS) slot.hits++;
  }

  /** Puts an entry in. One that replaces another has the standing of the other, which was removed before. */
  add(entry: Entry, bytes: number, replaced: Slot | undefined): Slot {
    const name = replaced?.name ?? nameOf(entry.key, entry.variant);
    const queue = replaced?.queue ?? (this.#ghosts.take(name) ? this.#main : this.#small);
    const slot: Slot = {
      entry,
      bytes,
      name,
      hits: replaced?.hits ?? 0,
      queue,
      older: undefined,
      newer: undefined,
    };
    queue.push(slot);
    this.#entries++;
    return slot;
  }

  remove(slot: Slot): void {
    slot.queue.remove(slot);
    this.#entries--;
  }

  /**
   * Takes out the entry whose turn it is to go; none if nothing is held.
   *
   * It ends: each round takes an entry out, or moves one from small to main, which nothing leaves for small, or takes
   * one hit off an entry in main, to which those that are moved bring none. So there are at most as many rounds as
   * small has entries and main has hits, and one more.
   */
  evict(): Slot | undefined {
    for (;;) {
      const slot = this.#next();
      if (slot === undefined) return undefined;
      if (slot.hits === 0) {
        this.remove(slot);
        if (slot.queue === this.#small) this.#ghosts.add(slot.name, this.#entries);
        return slot;
      }
      slot.hits = slot.queue === this.#small ? 0 : slot.hits - 1;
      slot.queue.remove(slot);
      this.#main.push(slot);
    }
  }

  clear(): void {
    this.#small.clear();
    this.#main.clear();
    this.#ghosts.clear();
    this.#entries = 0;
  }

  #next(): Slot | undefined {
    const isSmallOverItsShare = this.#small.bytes * PARTS > this.bytes;
    return isSmallOverItsShare ? this.#small.oldest : (this.#main.oldest ?? this.#small.oldest);
  }
}
