import type { Digest } from "../contract/platform.ts";
import { BoundedMemory } from "./bounded-memory.ts";

/** The pause after the first failure. Each further failure in a row doubles it. */
const FIRST_MS = 1000;

const MOST_MS = 60_000;

/** Pauses the refreshes of a key after a failure: for one second, then two, four, and so on, up to a minute. */
export class RefreshBackoff {
  readonly #failed: BoundedMemory<{ readonly count: number; readonly until: number }>;
  readonly #counted = new WeakSet<object>();

  constructor(digest?: Digest, limit?: number) {
    this.#failed = new BoundedMemory(digest, limit);
  }

  /** Returns whether the next refresh of this key has to wait because of recent failures. */
  isPaused(key: string, now: number): boolean {
    return now < (this.#failed.get(key)?.until ?? 0);
  }

  /** Counts a failed refresh. A `run` that has timed out may fail again afterwards, and is counted once. */
  failed(key: string, now: number, run: object): void {
    if (this.#counted.has(run)) return;
    this.#counted.add(run);
    const count = (this.#failed.get(key)?.count ?? 0) + 1;
    this.#failed.set(key, { count, until: now + Math.min(FIRST_MS * 2 ** (count - 1), MOST_MS) });
  }

  /** Forgets the failures of this key. */
  forget(key: string): void {
    this.#failed.delete(key);
  }

  /** Forgets all failures. */
  forgetAll(): void {
    this.#failed.clear();
  }
}
