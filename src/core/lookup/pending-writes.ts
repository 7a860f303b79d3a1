/** How many writes may be pending before a `set` is dropped, so that a store that hangs holds bounded memory. */
const MOST_WRITES = 1000;

/** How many bytes of content they may have. */
const MOST_BYTES = 16 * 2 ** 20;

interface PendingWrite {
  readonly bytes: number;
  readonly lostAt: number;
}

/** The writes that a store has not finished. */
export class PendingWrites {
  readonly #writes = new Set<PendingWrite>();
  readonly #waiting: (() => void)[] = [];
  #bytes = 0;

  get count(): number {
    return this.#writes.size;
  }

  /** Whether another entry of this length may be written. A single one may be longer than the bound. */
  hasRoomFor(bytes: number): boolean {
    if (this.#writes.size === 0) return true;
    return this.#writes.size < MOST_WRITES && this.#bytes + bytes <= MOST_BYTES;
  }

  /** Counts a write until the returned function is called. From `lostAt` on, `forgetLost` may give it up. */
  add(bytes: number, lostAt: number): () => void {
    const write: PendingWrite = { bytes, lostAt };
    this.#writes.add(write);
    this.#bytes += bytes;
    return () => this.#remove(write);
  }

  /** Counts no longer what will never end: the client of a store may lose a call with its connection. */
  forgetLost(now: number): void {
    for (const write of this.#writes) {
      // The oldest come first.
      if (now < write.lostAt) return;
      this.#remove(write);
    }
  }

  /** Resolves once nothing is pending. */
  async idle(): Promise<void> {
    if (this.#writes.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #remove(write: PendingWrite): void {
    if (!this.#writes.delete(write)) return;
    this.#bytes -= write.bytes;
    if (this.#writes.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
