import type { Digest } from "../contract/platform.ts";
import { BoundedMemory } from "./bounded-memory.ts";

/** After the first failure in a row; each further one doubles it. */
const FIRST_MS = 1000;

const MOST_MS = 60_000;

/** Spaces out the refreshes of what fails to refresh: one second after a failure, then two, four, a minute at most. */
export class RefreshBackoff {
  readonly #failed: BoundedMemory<{ readonly count: number; readonly until: number }>;
  readonly #counted = new WeakSet<object>();

  constructor(digest?: Digest, limit?: number) {
    this.#failed = new BoundedMemory(digest, limit);
  }

  /** Whether a refresh of this key failed so recently that it is not tried again yet. */
  holds(key: string, now: number): boolean {
    return now < (this.#failed.get(key)?.until ?? 0);
  }

  /** A refresh of this key has failed. One that took too long may fail once more by what it says then: `run` counts once. */
  failed(key: string, now: number, run: object): void {
    if (this.#counted.has(run)) return;
    this.#counted.add(run);
    const count = (this.#failed.get(key)?.count ?? 0) + 1;
    this.#failed.set(key, { count, until: now + Math.min(FIRST_MS * 2 ** (count - 1), MOST_MS) });
  }

  /** Forgets all failures. */
  forgetAll(): void {
    this.#failed.clear();
  }

  /** The handler has answered for this key. */
  forget(key: string): void {
    this.#failed.delete(key);
  }
}
