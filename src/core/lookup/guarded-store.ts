import { CacheError, isThenable, show } from "../contract/errors.ts";
import type { StoreFailure } from "../contract/outcomes.ts";
import type { Clock } from "../contract/platform.ts";
import type { ChooseVariant, Entry, Look, MaybePromise, Read, Store, StoreStats } from "../contract/store.ts";

/** Receives each failed call. */
type OnStoreError = (error: unknown, failure: StoreFailure) => void;

/** The result of a write: the entry was kept, the store refused it, or the call failed. */
export type Kept = "kept" | "refused" | "failed";

/** How many bytes of bodies may be in pending writes, so that a store that hangs holds bounded memory. */
const MOST_WRITING_BYTES = 32 * 2 ** 20;

/** A write that is pending for this long after its deadline no longer counts. */
const LOST_AFTER_MS = 60_000;

function keptBy(result: unknown): Kept {
  return result === false ? "refused" : "kept";
}

/**
 * The one place where a store is called. A store never fails a request and never holds one beyond the deadline (law 2).
 *
 * A throw, a rejection or a missed deadline is reported to `onError`, and the caller gets the result of an empty store. A
 * value that the store returns at once is not awaited.
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

  /** Whether several processes see the same entries. */
  get isShared(): boolean {
    return this.#store.shared;
  }

  get(key: string, choose: ChooseVariant, look: Look): MaybePromise<Read | undefined> {
    return this.#call("get", undefined, () => this.#store.get(key, choose, look));
  }

  /**
   * Writes an entry. If the deadline passes first, `onLate` is called, and the function that it returns is called once the
   * store has finished: the store may still have kept the entry.
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

  /** Counts the bytes of a pending write until it has finished or is given up. */
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
    const message = `the store ${this.#name} still has ${this.#writing} bytes to write; nothing more is written until it has`;
    return new CacheError("ERR_CACHE_STORE_TIMEOUT", message);
  }

  /** Returns how many entries were removed. Undefined: the call failed, or did not return a number. */
  delete(key: string, position: number): MaybePromise<number | undefined> {
    return this.#call<number | undefined>("delete", undefined, () => {
      const deleted: unknown = this.#store.delete(key, position);
      return isThenable(deleted)
        ? Promise.resolve(deleted).then((count) => this.#count(count))
        : this.#count(deleted);
    });
  }

  /** Returns whether the store was cleared. */
  clear(): MaybePromise<boolean> {
    return this.#call("clear", false, () => {
      const cleared: unknown = this.#store.clear();
      return isThenable(cleared)
        ? Promise.resolve(cleared).then((done) => done !== false)
        : cleared !== false;
    });
  }

  /** Returns the size of the store. Undefined: it has no `stats`, or they are wrong. */
  stats(): StoreStats | undefined {
    try {
      const stats: unknown = this.#store.stats?.();
      if (stats === undefined) return undefined;
      const { entries, bytes, evictions } = stats as StoreStats;
      if ([entries, bytes, evictions].every(isCount)) return { entries, bytes, evictions };
      return this.#failed("stats", wrongResult(this.#name, "stats", "counts", stats), undefined);
    } catch (error) {
      return this.#failed("stats", error, undefined);
    }
  }

  #count(deleted: unknown): number | undefined {
    if (deleted === undefined || isCount(deleted)) return deleted;
    return this.#failed("delete", wrongResult(this.#name, "delete", "a count", deleted), undefined);
  }

  /** Reports that the store returned a corrupt entry. The request is a miss. */
  distrust(): void {
    const message = `the store ${this.#name} returned a corrupt entry, or one for another key`;
    this.#failed("get", new CacheError("ERR_CACHE_STORE_ENTRY", message), undefined);
  }

  #call<T>(
    operation: StoreFailure["operation"],
    otherwise: T,
    run: () => MaybePromise<T>,
    onLate?: () => () => void,
  ): MaybePromise<T> {
    try {
      const result = run();
      return isThenable(result)
        ? this.#within(operation, otherwise, Promise.resolve(result), onLate)
        : result;
    } catch (error) {
      return this.#failed(operation, error, otherwise);
    }
  }

  #within<T>(
    operation: StoreFailure["operation"],
    otherwise: T,
    result: Promise<T>,
    onLate: (() => () => void) | undefined,
  ): Promise<T> {
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(() => {
        const message = `the store ${this.#name} took longer than ${this.#deadlineMs / 1000} seconds for "${operation}"`;
        const onSettled = onLate?.();
        if (onSettled !== undefined) result.then(onSettled, onSettled);
        resolve(this.#failed(operation, new CacheError("ERR_CACHE_STORE_TIMEOUT", message), otherwise));
      }, this.#deadlineMs);
      result.then(
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

function wrongResult(store: string, operation: string, what: string, value: unknown): CacheError {
  // The wrong value may be a promise that rejects.
  if (isThenable(value)) void Promise.resolve(value).catch(() => undefined);
  const shown = isThenable(value) ? "a Promise" : show(value);
  const message = `the store ${store} returned ${shown} from "${operation}" instead of ${what}`;
  return new CacheError("ERR_CACHE_STORE_ANSWER", message);
}

/** Reads the name once and safely: messages about a broken store need it. */
function nameOf(store: Store): string {
  try {
    const name: unknown = store.name;
    return typeof name === "string" ? name : "without a name";
  } catch {
    return "without a name";
  }
}
