import type { Entry } from "../../core/contract/store.ts";

/** One entry in its place in a queue. */
export interface Slot {
  readonly entry: Entry;
  readonly bytes: number;
  /** A number that stands for the entry's key and variant once it is gone. */
  readonly name: number;
  /** How often it was asked for since it was last looked at, up to a limit. */
  hits: number;
  queue: Queue;
  older: Slot | undefined;
  newer: Slot | undefined;
}

/** Entries in the order in which they came: a doubly linked list that knows what it weighs. */
export class Queue {
  #newest: Slot | undefined;
  #oldest: Slot | undefined;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Slot | undefined {
    return this.#oldest;
  }

  push(slot: Slot): void {
    slot.queue = this;
    slot.newer = undefined;
    slot.older = this.#newest;
    if (slot.older === undefined) this.#oldest = slot;
    else slot.older.newer = slot;
    this.#newest = slot;
    this.#bytes += slot.bytes;
  }

  remove(slot: Slot): void {
    if (slot.older === undefined) this.#oldest = slot.newer;
    else slot.older.newer = slot.newer;
    if (slot.newer === undefined) this.#newest = slot.older;
    else slot.newer.older = slot.older;
    slot.older = slot.newer = undefined;
    this.#bytes -= slot.bytes;
  }

  clear(): void {
    this.#newest = this.#oldest = undefined;
    this.#bytes = 0;
  }
}
