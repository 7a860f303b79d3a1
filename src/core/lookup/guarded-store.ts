import { CacheError, isThenable, show } from "../contract/errors.ts";
import type { StoreFailure } from "../contract/outcomes.ts";
import type { Clock } from "../contract/platform.ts";
import type { ChooseVariant, Entry, MaybePromise, Store, StoreStats } from "../contract/store.ts";

/** Is told of each failed call. */
type OnStoreError = (error: unknown, failure: StoreFailure) => void;

/** What became of an entry that was to be stored. */
export type Kept = "kept" | "refused" | "failed";

/** What a store that does not answer may hold of bodies that it was given to write: 32 MiB. */
const MOST_WRITING_BYTES = 32 * 2 ** 20;

/** A write that is not answered for this long beyond its deadline is taken for lost, and counts no more. */
const LOST_AFTER_MS = 60_000;

function keptBy(answer: unknown): Kept {
  return answer === false ? "refused" : "kept";
}

/**
 * The one place where a store is called: no request is failed by it, and none is held beyond the deadline (law 2).
 *
 * A throw, a rejection or a missed deadline is told to `onError`; what the caller gets is the answer of a store that
 * has nothing. A store that answers at once is not awaited.
 */
export class GuardedStore {
  readonly #store: Store;
  readonly #name: string;
  #writing = 0;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #onError: OnStoreError;

  constructor(store: Store, clock: Clock, deadlineMs: number, onError: OnStoreError) {
    this.#store = store;
    this.#name = nameOf(store);
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#onError = onError;
  }

  get(key: string, choose: ChooseVariant): MaybePromise<Entry | undefined> {
    return this.#call("get", undefined, () => this.#store.get(key, choose));
  }

  /**
   * Answers what became of the entry, as far as the store says. Where the store has not said so within the deadline,
   * `onLate` is called, and what it answers once the store has: it may still have kept the entry.
   */
  set(entry: Entry, onLate?: () => () => void): MaybePromise<Kept> {
    const bytes = entry.body.byteLength;
    const keep = (): MaybePromise<Kept> => {
      if (this.#writing > 0 && this.#writing + bytes > MOST_WRITING_BYTES) throw this.#overfull();
      const kept: unknown = this.#store.set(entry);
      if (!isThenable(kept)) return keptBy(kept);
      const settled = Promise.resolve(kept);
      this.#hold(settled, bytes);
      return settled.then(keptBy);
    };
    return this.#call("set", "failed", keep, onLate);
  }

  /** Counts the bytes that a store is writing, until it has, or until it is certain that it never says so. */
  #hold(written: Promise<unknown>, bytes: number): void {
    let isHeld = true;
    this.#writing += bytes;
    const release = (): void => {
      cancel();
      if (isHeld) this.#writing -= bytes;
      isHeld = false;
    };
    const cancel = this.#clock.schedule(release, this.#deadlineMs + LOST_AFTER_MS);
    written.then(release, release);
  }

  #overfull(): CacheError {
    const message = `the store ${this.#name} is still writing ${this.#writing} bytes; no more is given to it until it has`;
    return new CacheError("ERR_CACHE_STORE_TIMEOUT", message);
  }

  /** Answers how many entries were forgotten, as far as the store says it in a number. */
  delete(key: string): MaybePromise<number> {
    return this.#call("delete", 0, () => {
      const deleted: unknown = this.#store.delete(key);
      return isThenable(deleted)
        ? Promise.resolve(deleted).then((count) => this.#count(count))
        : this.#count(deleted);
    });
  }

  /** Answers whether the store was cleared. */
  clear(): MaybePromise<boolean> {
    return this.#call("clear", false, () => {
      const cleared: unknown = this.#store.clear();
      return isThenable(cleared)
        ? Promise.resolve(cleared).then((done) => done !== false)
        : cleared !== false;
    });
  }

  /** What the store says of itself; undefined where it says nothing, or nothing that could be told. */
  stats(): StoreStats | undefined {
    try {
      const stats: unknown = this.#store.stats?.();
      if (stats === undefined) return undefined;
      const { entries, bytes, evictions } = stats as StoreStats;
      if ([entries, bytes, evictions].every(isCount)) return { entries, bytes, evictions };
      return this.#failed("stats", misanswered(this.#name, "stats", "counts", stats), undefined);
    } catch (error) {
      return this.#failed("stats", error, undefined);
    }
  }

  #count(deleted: unknown): number {
    if (isCount(deleted)) return deleted;
    return this.#failed("delete", misanswered(this.#name, "delete", "a count", deleted), 0);
  }

  /** Tells that the store answered what it should not have: a miss for the request, an event for the application. */
  distrust(): void {
    const message = `the store ${this.#name} answered an entry that is damaged or another's`;
    this.#failed("get", new CacheError("ERR_CACHE_STORE_ENTRY", message), undefined);
  }

  #call<T>(
    operation: StoreFailure["operation"],
    otherwise: T,
    run: () => MaybePromise<T>,
    onLate?: () => () => void,
  ): MaybePromise<T> {
    try {
      const answer = run();
      return isThenable(answer)
        ? this.#within(operation, otherwise, Promise.resolve(answer), onLate)
        : answer;
    } catch (error) {
      return this.#failed(operation, error, otherwise);
    }
  }

  #within<T>(
    operation: StoreFailure["operation"],
    otherwise: T,
    answer: Promise<T>,
    onLate: (() => () => void) | undefined,
  ): Promise<T> {
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(() => {
        const message = `the store ${this.#name} did not answer "${operation}" within ${this.#deadlineMs} ms`;
        const onAnswer = onLate?.();
        if (onAnswer !== undefined) answer.then(onAnswer, onAnswer);
        resolve(this.#failed(operation, new CacheError("ERR_CACHE_STORE_TIMEOUT", message), otherwise));
      }, this.#deadlineMs);
      answer.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          resolve(this.#failed(operation, error, otherwise));
        },
      );
    });
  }

  #failed<T>(operation: StoreFailure["operation"], error: unknown, otherwise: T): T {
    this.#onError(error, { operation, store: this.#name });
    return otherwise;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function misanswered(store: string, operation: string, what: string, value: unknown): CacheError {
  // A promise of something wrong may reject as well.
  if (isThenable(value)) void Promise.resolve(value).catch(() => undefined);
  const shown = isThenable(value) ? "a promise" : show(value);
  const message = `the store ${store} answered "${operation}" with ${shown} in place of ${what}`;
  return new CacheError("ERR_CACHE_STORE_ANSWER", message);
}

/** The name is read once: it stands in messages about a store that may do anything. */
function nameOf(store: Store): string {
  try {
    const name: unknown = store.name;
    return typeof name === "string" ? name : "without a name";
  } catch {
    return "without a name";
  }
}
