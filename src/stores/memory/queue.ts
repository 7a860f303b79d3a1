import type { Entry, Read } from "../../core/contract/store.ts";

/** An entry in a queue. */
export interface Slot {
  readonly entry: Entry;
  /** What lookups get, from the first one on. */
  read: Read | undefined;
  readonly bytes: number;
  /** A number for the entry's key and variant, which may outlive the entry. */
  readonly name: number;
  /** The hits since its last turn, up to a limit. */
  hits: number;
  queue: Queue;
  older: Slot | undefined;
  newer: Slot | undefined;
}

/** Entries in order of arrival: a doubly linked list with the sum of their bytes. */
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
