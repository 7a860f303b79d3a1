import type { Clock } from "./clock.ts";
import { CacheError } from "./errors.ts";
import type { StoreFailure } from "./events.ts";
import type { ChooseVariant, Entry, MaybePromise, Store } from "./store.ts";

/** Is told of each failed call. */
type OnStoreError = (error: unknown, failure: StoreFailure) => void;

/**
 * The one place where a store is called: no request is failed by it, and none is held beyond the deadline (law 2).
 *
 * A throw, a rejection or a missed deadline is told to `onError`; what the caller gets is the answer of a store that
 * has nothing. A store that answers at once is not awaited.
 */
export class StoreCalls {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #onError: OnStoreError;

  constructor(store: Store, clock: Clock, deadlineMs: number, onError: OnStoreError) {
    this.#store = store;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#onError = onError;
  }

  get(key: string, choose: ChooseVariant): MaybePromise<Entry | undefined> {
    return this.#call("get", undefined, () => this.#store.get(key, choose));
  }

  /**
   * Answers whether the entry was kept, as far as the store says. Where the store has not said so within the deadline,
   * `onLate` is called, and what it answers once the store has: it may still have kept the entry.
   */
  set(entry: Entry, onLate?: () => () => void): MaybePromise<boolean> {
    const keep = (): MaybePromise<boolean> => {
      const kept: unknown = this.#store.set(entry);
      return isThenable(kept) ? Promise.resolve(kept).then(() => true) : true;
    };
    return this.#call("set", false, keep, onLate);
  }

  delete(key: string): MaybePromise<number> {
    return this.#call("delete", 0, () => this.#store.delete(key));
  }

  /** Answers whether the store was cleared. */
  clear(): MaybePromise<boolean> {
    return this.#call("clear", false, () => {
      const cleared: unknown = this.#store.clear();
      return isThenable(cleared) ? Promise.resolve(cleared).then(() => true) : true;
    });
  }

  /** Tells that the store answered what it should not have: a miss for the request, an event for the application. */
  distrust(): void {
    const message = `the store ${this.#store.name} answered an entry that is damaged or another's`;
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
        const message = `the store ${this.#store.name} did not answer "${operation}" within ${this.#deadlineMs} ms`;
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
    this.#onError(error, { operation, store: this.#store.name });
    return otherwise;
  }
}

/** A promise of another library, or of another realm, is a promise too. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
