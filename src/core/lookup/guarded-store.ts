import { CacheError, isThenable, summaryOf } from "../contract/errors.ts";
import type { StoreSwitch } from "../contract/outcomes.ts";
import type { Clock } from "../contract/platform.ts";
import type {
  ChooseVariant,
  Entry,
  Look,
  Mark,
  Marks,
  MaybePromise,
  Read,
  Store,
} from "../contract/store.ts";
import { Breaker } from "./breaker.ts";
import type { BreakerEvents } from "./breaker.ts";
import { PendingWrites } from "./pending-writes.ts";
import { fullPageOf, isCount, marksIn, memberOf, positionIn, statsIn, wrongResult } from "./store-results.ts";
import { StoreCaller } from "./store-caller.ts";
import type { Calls, OnStoreError } from "./store-caller.ts";
import type { StoreLog, StoreState } from "./store-state.ts";

/** How long calls of a store may take, in ms. */
export interface Deadlines {
  readonly readMs: number;
  readonly writeMs: number;
}

/** The part of a guarded store that lookups need. */
export type ReadableStore = Pick<GuardedStore, "get" | "distrust">;

/** The result of a write: the entry was kept, the store refused it, or the call failed. */
export type Kept = "kept" | "refused" | "failed";

/** A write that is pending for this long after its deadline no longer counts. */
const LOST_AFTER_MS = 60_000;

function keptBy(result: unknown): Kept {
  return result === false ? "refused" : "kept";
}

/**
 * The one place where a store is called. A store never fails a request and never holds one beyond the deadline (law 2).
 *
 * A throw, a rejection or a missed deadline is reported to `onError`, and the caller gets the result of an empty store. After
 * five in a row it gets that at once, and the store is not called until a trial succeeds: lookups and writes apart, because a
 * store that is full or a replica still reads. A value that the store returns at once is not awaited.
 */
export class GuardedStore {
  /** Whether several processes see the same entries. */
  readonly isShared: boolean;
  /** Whether processes that share the store can tell each other what was invalidated. */
  readonly hasMarks: boolean;
  /** A page of marks with fewer is the last. */
  readonly fullPage: number;
  readonly #store: Store;
  readonly #marks: Marks | undefined;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #onError: OnStoreError;
  readonly #caller: StoreCaller;
  readonly #reads: Breaker<"lookup" | "poll">;
  readonly #writes: Breaker<"write" | "removal">;
  readonly #calls: Readonly<Record<"get" | "set" | "delete" | "clear" | "read" | "add", Calls>>;
  readonly #pending = new PendingWrites();
  readonly #writeMs: number;
  #probe: () => void = () => undefined;
  #dropped = 0;
  #isClosed = false;

  constructor(store: Store, clock: Clock, { readMs, writeMs }: Deadlines, onError: OnStoreError) {
    this.#store = store;
    const name = memberOf(store, "name");
    this.#name = typeof name === "string" ? name : "without a name";
    this.isShared = memberOf(store, "shared") === true;
    this.#marks = memberOf(store, "marks") as Marks | undefined;
    this.hasMarks = this.#marks !== undefined;
    this.fullPage = fullPageOf(this.#marks);
    this.#clock = clock;
    this.#writeMs = writeMs;
    this.#onError = onError;
    this.#caller = new StoreCaller(this.#name, clock, onError);
    const reads = (this.#reads = new Breaker(clock, "lookup", this.#events("reads")));
    const writes = (this.#writes = new Breaker(clock, "write", this.#events("writes")));
    this.#calls = {
      get: { operation: "get", method: "get", deadlineMs: readMs, breaker: reads, kind: "lookup" },
      set: { operation: "set", method: "set", deadlineMs: writeMs, breaker: writes, kind: "write" },
      delete: {
        operation: "delete",
        method: "delete",
        deadlineMs: writeMs,
        breaker: writes,
        kind: "removal",
      },
      clear: { operation: "clear", method: "clear", deadlineMs: writeMs, breaker: writes, kind: "removal" },
      read: { operation: "marks", method: "marks.read", deadlineMs: readMs, breaker: reads, kind: "poll" },
      add: { operation: "marks", method: "marks.add", deadlineMs: writeMs, breaker: writes, kind: "write" },
    };
  }

  /** How many calls have failed. */
  get errors(): number {
    return this.#caller.errors;
  }

  /** Returns what the store has. While lookups fail, nothing, and the store is not called. */
  get(key: string, choose: ChooseVariant, look: Look): MaybePromise<Read | undefined> {
    if (!this.#reads.admits()) return undefined;
    return this.#caller.call(this.#calls.get, undefined, () => this.#store.get(key, choose, look));
  }

  /**
   * Writes an entry. If the deadline passes first, `onLate` is called, and the function that it returns is called once the
   * store has finished: the store may still have kept the entry.
   */
  set(entry: Entry, onLate?: () => () => void): MaybePromise<Kept> {
    const bytes = entry.body.byteLength;
    // What nobody can read need not be written. It would only fill the memory.
    if (this.#reads.isOpen || !this.#hasRoomFor(bytes) || !this.#writes.admits()) {
      this.#dropped++;
      return "failed";
    }
    const keep = (): MaybePromise<Kept> => {
      const kept: unknown = this.#store.set(entry);
      return isThenable(kept) ? this.#writing(kept, bytes).then(keptBy) : keptBy(kept);
    };
    return this.#caller.call<Kept>(this.#calls.set, "failed", keep, onLate);
  }

  /**
   * Removes a resource, and returns how many entries were removed. Undefined: the call failed or was not made, or the store
   * cannot count.
   */
  delete(key: string, position: number): MaybePromise<number | undefined> {
    if (!this.#writes.admits()) return undefined;
    return this.#caller.call<number | undefined>(this.#calls.delete, undefined, () => {
      const deleted: unknown = this.#store.delete(key, position);
      return isThenable(deleted)
        ? this.#writing(deleted).then((count) => this.#count(count))
        : this.#count(deleted);
    });
  }

  /** Returns whether the store was cleared. */
  clear(): MaybePromise<boolean> {
    if (!this.#writes.admits()) return false;
    return this.#caller.call(this.#calls.clear, false, () => {
      const cleared: unknown = this.#store.clear();
      return isThenable(cleared) ? this.#writing(cleared).then((done) => done !== false) : cleared !== false;
    });
  }

  /** Returns the marks at or after a position, also while lookups fail. Undefined: the call failed. */
  readMarks(from: number): MaybePromise<readonly Mark[] | undefined> {
    const marks = this.#marks;
    if (marks === undefined || this.#isClosed) return undefined;
    return this.#caller.call<readonly Mark[] | undefined>(this.#calls.read, undefined, () => {
      const read: unknown = marks.read(from);
      return isThenable(read)
        ? Promise.resolve(read).then((page) => marksIn(this.#name, page))
        : marksIn(this.#name, read);
    });
  }

  /** Adds marks, and returns the last position. Undefined: the call failed or was not made, so they have to be added again. */
  addMarks(names: readonly string[], above: number): MaybePromise<number | undefined> {
    const marks = this.#marks;
    if (marks === undefined || !this.#writes.admits()) return undefined;
    // Without names, a log that is there stays as it is.
    const least = names.length === 0 ? -Infinity : above;
    return this.#caller.call<number | undefined>(this.#calls.add, undefined, () => {
      const added: unknown = marks.add(names, above);
      return isThenable(added)
        ? this.#writing(added).then((position) => positionIn(this.#name, position, least))
        : positionIn(this.#name, added, least);
    });
  }

  /**
   * Leaves it to `readMarks` to find out when the store can be read again, so that lookups resume with all marks read. Until
   * then no lookup is tried. `probe` is called each time that lookups begin to fail: it has to call `readMarks` until that
   * succeeds.
   */
  probedBy(probe: () => void): void {
    this.#probe = probe;
    this.#reads.leaveTo("poll");
  }

  /** Returns the state of the store. `log` is that of the marks, if it has any. */
  stats(log?: StoreLog): StoreState {
    this.#forgetLost();
    const size = this.#size();
    return {
      name: this.#name,
      state: this.#state(log),
      latency: this.#caller.latency,
      pending: this.#pending.count + (log?.pending ?? 0),
      dropped: this.#dropped,
      marks: log?.marks ?? 0,
      polls: log?.polls ?? 0,
      ...size,
    };
  }

  /**
   * Calls the store no longer, and resolves once it has finished what it was called for, or the deadline of writes has passed.
   * Never rejects.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#reads.shut();
    this.#writes.shut();
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.schedule(resolve, this.#writeMs);
    });
    await Promise.race([this.#pending.idle(), late]);
    cancel();
  }

  /** Returns a store that reads as this one would, reports failures to `onError` alone, and has no effect on this one. */
  observer(onError: OnStoreError): ReadableStore {
    const { deadlineMs } = this.#calls.get;
    const other = new GuardedStore(
      this.#store,
      this.#clock,
      { readMs: deadlineMs, writeMs: deadlineMs },
      onError,
    );
    return {
      get: (key, choose, look) => {
        if (this.#reads.isPassable) return other.get(key, choose, look);
        onError(this.#down("reads"), { operation: "get", store: this.#name });
        return undefined;
      },
      distrust: () => other.distrust(),
    };
  }

  /** Reports that the store returned a corrupt entry. The request is a miss. */
  distrust(): void {
    const message = `the store ${this.#name} returned a corrupt entry, or one for another key`;
    this.#caller.report("get", new CacheError("ERR_CACHE_STORE_ENTRY", message));
  }

  #state(log: StoreLog | undefined): StoreState["state"] {
    if (this.#reads.isOpen) return "down";
    if (log?.state === "blind") return "blind";
    return this.#writes.isOpen ? "read-only" : "up";
  }

  #size(): StoreState | object {
    try {
      const stats: unknown = this.#store.stats?.();
      return stats === undefined ? {} : statsIn(this.#name, stats);
    } catch (error) {
      this.#caller.report("stats", error);
      return {};
    }
  }

  #hasRoomFor(bytes: number): boolean {
    if (this.#pending.hasRoomFor(bytes)) return true;
    this.#forgetLost();
    return this.#pending.hasRoomFor(bytes);
  }

  /** While the store is down, its client may hold every write that was ever pending. */
  #forgetLost(): void {
    if (!this.#reads.isOpen) this.#pending.forgetLost(this.#clock.now());
  }

  /** Counts a write as pending until the store has finished it. */
  #writing<T>(result: PromiseLike<T>, bytes = 0): Promise<T> {
    const written = Promise.resolve(result);
    const release = this.#pending.add(bytes, this.#clock.now() + this.#writeMs + LOST_AFTER_MS);
    written.then(release, release);
    return written;
  }

  #count(deleted: unknown): number | undefined {
    if (deleted === undefined || isCount(deleted)) return deleted;
    this.#caller.report("delete", wrongResult(this.#name, "delete", "a count", deleted));
    return undefined;
  }

  #events(calls: StoreSwitch["calls"]): BreakerEvents {
    const store = this.#name;
    return {
      opened: (error, isNews) => {
        if (isNews) this.#onError(this.#down(calls, error), { operation: "suspend", store, calls });
        if (calls === "writes") return;
        // An invalidation that is awaited would take its whole deadline, five times.
        this.#writes.suspect();
        this.#probe();
      },
      recovered: (afterMs) => {
        // Where all is hits, no write would come to show it.
        if (calls === "reads") this.#writes.tryAgain();
        const what = calls === "reads" ? "lookups" : "writes";
        const message = `the store ${store} works again: there were no ${what} for ${afterMs / 1000} seconds`;
        this.#onError(new CacheError("ERR_CACHE_STORE_UP", message), { operation: "resume", store, calls });
      },
    };
  }

  #down(calls: StoreSwitch["calls"], cause?: unknown): CacheError {
    const why = cause === undefined ? "" : ` (${summaryOf(cause)})`;
    const what =
      calls === "reads"
        ? `lookups skip it until it can be read again`
        : `nothing is written to it until a trial succeeds, one every half second`;
    const message = `the store ${this.#name} failed five times in a row${why}: ${what}`;
    return new CacheError("ERR_CACHE_STORE_DOWN", message, { cause });
  }
}
