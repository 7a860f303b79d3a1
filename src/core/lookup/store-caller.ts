import { CacheError, isThenable } from "../contract/errors.ts";
import type { StoreFailure, StoreSwitch } from "../contract/outcomes.ts";
import type { Clock } from "../contract/platform.ts";
import type { MaybePromise } from "../contract/store.ts";
import type { Breaker } from "./breaker.ts";

/** Receives each failed call of a store that is called, and when it is called no longer, and again. */
export type OnStoreError = (error: unknown, failure: StoreFailure | StoreSwitch) => void;

/** What is known of the calls of one method. */
export interface Calls {
  readonly operation: StoreFailure["operation"];
  /** The method as messages name it. */
  readonly method: string;
  readonly deadlineMs: number;
  readonly breaker: Pick<Breaker<string>, "passed" | "failed" | "isKnown">;
  /** Whose failures count in a row. */
  readonly kind: string;
}

/** The share that the newest lookup has in the average. */
const SHARE = 1 / 16;

/** Makes calls of a store that end by their deadline and never fail. */
export class StoreCaller {
  readonly #store: string;
  readonly #clock: Clock;
  readonly #onError: OnStoreError;
  #errors = 0;
  #latency: number | undefined;

  /** `store` is the store's name. */
  constructor(store: string, clock: Clock, onError: OnStoreError) {
    this.#store = store;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** How many calls have failed. */
  get errors(): number {
    return this.#errors;
  }

  /** The moving average of how long asynchronous lookups take, in ms, to a hundredth. Undefined: there was none. */
  get latency(): number | undefined {
    return this.#latency === undefined ? undefined : Math.round(this.#latency * 100) / 100;
  }

  /**
   * Returns what `run` returns; `otherwise`, if that throws, rejects or misses the deadline. Then `onLate` is called, and what it
   * returns is called once the store has finished.
   */
  call<T>(
    calls: Calls,
    otherwise: T,
    run: () => MaybePromise<T>,
    onLate?: () => () => void,
  ): MaybePromise<T> {
    try {
      const result = run();
      if (isThenable(result)) return this.#within(calls, otherwise, Promise.resolve(result), onLate);
      calls.breaker.passed(calls.kind);
      return result;
    } catch (error) {
      return this.#failed(calls, error, otherwise);
    }
  }

  /** Counts and reports a failure that is none of the store's availability. */
  report(operation: StoreFailure["operation"], error: unknown): void {
    this.#errors++;
    this.#onError(error, { operation, store: this.#store });
  }

  #within<T>(
    calls: Calls,
    otherwise: T,
    result: Promise<T>,
    onLate: (() => () => void) | undefined,
  ): Promise<T> {
    const { operation, method, deadlineMs, breaker, kind } = calls;
    const isLookup = operation === "get";
    const startedAt = isLookup ? this.#clock.now() : 0;
    return new Promise((resolve) => {
      let isLate = false;
      const late = (): void => {
        isLate = true;
        if (isLookup) this.#took(deadlineMs);
        const message = `the store ${this.#store} took longer than ${deadlineMs / 1000} seconds for "${method}"`;
        const onSettled = onLate?.();
        if (onSettled !== undefined) result.then(onSettled, onSettled);
        resolve(this.#failed(calls, new CacheError("ERR_CACHE_STORE_TIMEOUT", message), otherwise));
      };
      // After a turn that took long, timers come before what has arrived meanwhile.
      let cancel = this.#clock.schedule(() => (cancel = this.#clock.schedule(late, 0)), deadlineMs);
      result.then(
        (value) => {
          if (isLate) return;
          cancel();
          if (isLookup) this.#took(this.#clock.now() - startedAt);
          breaker.passed(kind);
          resolve(value);
        },
        (error: unknown) => {
          if (isLate) return;
          cancel();
          resolve(this.#failed(calls, error, otherwise));
        },
      );
    });
  }

  #failed<T>({ operation, breaker, kind }: Calls, error: unknown, otherwise: T): T {
    // What was told once is not told for each call that is still under way, nor for each trial.
    if (breaker.isKnown(kind)) this.#errors++;
    else this.report(operation, error);
    breaker.failed(kind, error);
    return otherwise;
  }

  #took(ms: number): void {
    this.#latency = this.#latency === undefined ? ms : this.#latency + (ms - this.#latency) * SHARE;
  }
}
