import type { Entry } from "../../core/contract/store.ts";
import { Ghosts, ghostName } from "./ghosts.ts";
import { Queue } from "./queue.ts";
import type { Slot } from "./queue.ts";

/** One in this many bytes is for new entries. */
const PARTS = 10;
/** Further hits are not counted, so that an entry that was popular once can be evicted. */
const MOST_HITS = 3;

/**
 * Decides what is evicted: S3-FIFO (Yang et al., SOSP 2023).
 *
 * A new entry enters a small queue. At its turn it moves to the main queue if it was hit, and is evicted otherwise. The name
 * of an evicted entry is remembered for a while: if it comes back, it enters the main queue at once. There, each hit gives
 * another turn. A hit only increments a counter.
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

  /** Adds an entry. It takes over the queue and hits of `replaced`, which the caller has removed. */
  add(entry: Entry, bytes: number, replaced: Slot | undefined): Slot {
    const name = replaced?.name ?? ghostName(entry.key, entry.variant);
    const queue = replaced?.queue ?? (this.#ghosts.take(name) ? this.#main : this.#small);
    const slot: Slot = {
      entry,
      read: undefined,
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
   * Removes and returns the next entry to evict, or undefined if there is none.
   *
   * It terminates: each round removes an entry, or moves one from small to main with no hits, or takes one hit from an entry
   * in main. No entry moves back to small. So the rounds are at most the entries in small, plus the hits in main, plus one.
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
