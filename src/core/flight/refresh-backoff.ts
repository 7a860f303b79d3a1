import type { Digest } from "../contract/platform.ts";
import { BoundedMemory } from "./bounded-memory.ts";

/** The pause after the first failure in a row; each further one doubles it. */
const FIRST_MS = 1000;

const MOST_MS = 60_000;

/** Spaces out refreshes that fail: one second after a failure, then two, four, and so on, up to a minute. */
export class RefreshBackoff {
  readonly #failed: BoundedMemory<{ readonly count: number; readonly until: number }>;
  readonly #counted = new WeakSet<object>();

  constructor(digest?: Digest, limit?: number) {
    this.#failed = new BoundedMemory(digest, limit);
  }

  /** Whether a refresh of this key failed so recently that the next one has to wait. */
  holds(key: string, now: number): boolean {
    return now < (this.#failed.get(key)?.until ?? 0);
  }

  /** Counts a failed refresh of this key. A run that took too long may fail once more afterwards, and counts once. */
  failed(key: string, now: number, run: object): void {
    if (this.#counted.has(run)) return;
    this.#counted.add(run);
    const count = (this.#failed.get(key)?.count ?? 0) + 1;
    this.#failed.set(key, { count, until: now + Math.min(FIRST_MS * 2 ** (count - 1), MOST_MS) });
  }

  /** Forgets the failures of this key: its handler has responded. */
  forget(key: string): void {
    this.#failed.delete(key);
  }

  /** Forgets all failures. */
  forgetAll(): void {
    this.#failed.clear();
  }
}
