/** After the first failure in a row; each further one doubles it. */
const FIRST_MS = 1000;

const MOST_MS = 60_000;

/** Longer keys are not remembered, as in the memory of uncacheable ones (hazard 17). */
const REMEMBERED_KEY = 2048;

/** Spaces out the refreshes of what fails to refresh: one second after a failure, then two, four, a minute at most. */
export class Backoff {
  readonly #limit: number;
  readonly #failed = new Map<string, { readonly count: number; readonly until: number }>();
  readonly #counted = new WeakSet<object>();

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** Whether a refresh of this key failed so recently that it is not tried again yet. */
  holds(key: string, now: number): boolean {
    return now < (this.#failed.get(key)?.until ?? 0);
  }

  /** A refresh of this key has failed. One that took too long may fail once more by what it says then: `run` counts once. */
  failed(key: string, now: number, run: object): void {
    if (key.length > REMEMBERED_KEY || this.#counted.has(run)) return;
    this.#counted.add(run);
    const count = (this.#failed.get(key)?.count ?? 0) + 1;
    this.#failed.delete(key);
    this.#failed.set(key, { count, until: now + Math.min(FIRST_MS * 2 ** (count - 1), MOST_MS) });
    if (this.#failed.size <= this.#limit) return;
    for (const oldest of this.#failed.keys()) {
      this.#failed.delete(oldest);
      return;
    }
  }

  /** The handler has answered for this key. */
  forget(key: string): void {
    this.#failed.delete(key);
  }
}
