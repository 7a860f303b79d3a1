import type {
  ChooseVariant,
  Clock,
  Entry,
  Leases,
  Look,
  Marks,
  MaybePromise,
  Read,
  Store,
  StoreStats,
} from "../index.ts";
import { testClock } from "./clock.ts";
import { corruptions, corruptRead } from "./corruptions.ts";
import type { Corruption } from "./corruptions.ts";

/** A method of a store, of its `marks` or of its `leases`, that can be made to fail. */
export type StoreOperation = (typeof OPERATIONS)[number];

const OPERATIONS = [
  "get",
  "set",
  "delete",
  "clear",
  "marks.read",
  "marks.add",
  "leases.acquire",
  "leases.renew",
  "leases.release",
] as const;

/**
 * How a chaos store behaves. `calm`: like the inner store. `throw`, `reject`: every call throws or rejects. `slow`: calls
 * return after `delayMs`. `hang`: calls return a promise that never settles. `corrupt`: entries are corrupted on reading.
 * `lose`: writes and removals have no effect.
 */
export type ChaosMode = "calm" | "throw" | "reject" | "slow" | "hang" | "corrupt" | "lose";

/** The behaviour of a chaos store. Each member can be changed at any time. */
export interface ChaosPlan {
  /** Default: `calm`. */
  mode?: ChaosMode;
  /** The methods that `mode` applies to. The others are calm. Default: all. */
  only?: readonly StoreOperation[];
  /** How mode `corrupt` alters an entry. Default: `corruptions["another key"]`. */
  corruption?: Corruption;
  /** The delay in mode `slow`, in ms of `clock`. Default: 100. */
  delayMs?: number;
  /** The clock of mode `slow`. Default: a `testClock()`. */
  clock?: Clock;
}

/** A logged call of a store. */
export interface StoreCall {
  readonly operation: StoreOperation;
  /** The key, or the name of a lease. Empty for `clear` and for marks. */
  readonly key: string;
  /** The entry of a `set`. */
  readonly entry?: Entry;
  /** What a `get` asked for. */
  readonly look?: Look;
  /** The position of a `delete`, from which marks were read, or above which they were added. */
  readonly position?: number;
  /** The names of marks that were added. */
  readonly names?: readonly string[];
}

/** A store that wraps another one, fails on demand and logs its calls. It has `marks` and `leases` if the inner one has. */
export interface ChaosStore extends Store, Required<ChaosPlan> {
  /** All calls so far, in order. */
  readonly log: readonly StoreCall[];
  /** Returns how often a method was called. */
  count(operation: StoreOperation): number;
  /** Returns the inner store's size, or zeros if it has no `stats`. */
  stats(): StoreStats;
}

/**
 * Wraps a store so that it can be made to fail in the ways that real stores do.
 *
 * @example
 * const store = chaosStore(memoryStore());
 * const cache = createCache({ store });
 * store.mode = "reject";
 * store.only = ["get"]; // from now on every request is a miss
 */
export function chaosStore(inner: Store, plan: ChaosPlan = {}): ChaosStore {
  return new Chaos(inner, plan);
}

class Chaos implements ChaosStore {
  readonly name: string;
  readonly shared: boolean;
  readonly marks?: Marks;
  readonly leases?: Leases;
  mode: ChaosMode;
  only: readonly StoreOperation[];
  corruption: Corruption;
  delayMs: number;
  clock: Clock;
  readonly #log: StoreCall[] = [];
  readonly #inner: Store;

  constructor(inner: Store, plan: ChaosPlan) {
    this.#inner = inner;
    this.name = `chaos(${inner.name})`;
    this.shared = inner.shared;
    this.mode = plan.mode ?? "calm";
    this.only = plan.only ?? OPERATIONS;
    this.corruption = plan.corruption ?? corruptions["another key"];
    this.delayMs = plan.delayMs ?? 100;
    this.clock = plan.clock ?? testClock();
    if (inner.marks !== undefined) this.marks = this.#marksOf(inner.marks);
    if (inner.leases !== undefined) this.leases = this.#leasesOf(inner.leases);
  }

  get log(): readonly StoreCall[] {
    return this.#log;
  }

  count(operation: StoreOperation): number {
    return this.#log.filter((call) => call.operation === operation).length;
  }

  get(key: string, choose: ChooseVariant, look: Look): MaybePromise<Read | undefined> {
    const { corruption } = this;
    const alter = (read: Read | undefined): Read | undefined => read && corruptRead(read, corruption);
    return this.#call({ operation: "get", key, look }, (mode) => {
      const found = this.#inner.get(key, choose, look);
      if (mode !== "corrupt") return found;
      return found instanceof Promise ? found.then(alter) : alter(found);
    });
  }

  set(entry: Entry): MaybePromise<boolean | void> {
    return this.#call(
      { operation: "set", key: entry.key, entry },
      () => this.#inner.set(entry),
      () => undefined,
    );
  }

  delete(key: string, position: number): MaybePromise<number | undefined> {
    return this.#call(
      { operation: "delete", key, position },
      () => this.#inner.delete(key, position),
      () => 0,
    );
  }

  clear(): MaybePromise<void> {
    return this.#call(
      { operation: "clear", key: "" },
      () => this.#inner.clear(),
      () => undefined,
    );
  }

  stats(): StoreStats {
    return this.#inner.stats?.() ?? { entries: 0, bytes: 0, evictions: 0 };
  }

  #marksOf(marks: Marks): Marks {
    const { fullPage } = marks;
    return {
      // Without it, pages that are shorter than usual would be taken for the last.
      ...(fullPage !== undefined && { fullPage }),
      read: (from) =>
        this.#call({ operation: "marks.read", key: "", position: from }, () => marks.read(from)),
      add: (names, above) =>
        this.#call(
          { operation: "marks.add", key: "", position: above, names },
          () => marks.add(names, above),
          () => above + 1,
        ),
    };
  }

  #leasesOf(leases: Leases): Leases {
    return {
      acquire: (name, token, ms) =>
        this.#call(
          { operation: "leases.acquire", key: name },
          () => leases.acquire(name, token, ms),
          () => "mine" as const,
        ),
      renew: (name, token, ms) =>
        this.#call(
          { operation: "leases.renew", key: name },
          () => leases.renew(name, token, ms),
          () => true,
        ),
      release: (name, token, verdict) =>
        this.#call(
          { operation: "leases.release", key: name },
          () => leases.release(name, token, verdict),
          () => undefined,
        ),
    };
  }

  /** `lose` returns what the caller is told where the call has no effect. Absent: the call only reads. */
  #call<T>(call: StoreCall, run: (mode: ChaosMode) => MaybePromise<T>, lose?: () => T): MaybePromise<T> {
    this.#log.push(call);
    const { operation } = call;
    const mode = this.only.includes(operation) ? this.mode : "calm";
    const broken = (): Error => new Error(`${this.name}: "${operation}" fails, as it was told to`);
    switch (mode) {
      case "throw":
        throw broken();
      case "reject":
        return Promise.reject(broken());
      case "hang":
        return new Promise<never>(() => undefined);
      case "slow":
        return new Promise((resolve, reject) => {
          this.clock.schedule(() => {
            Promise.resolve()
              .then(() => run(mode))
              .then(resolve, reject);
          }, this.delayMs);
        });
      case "lose":
        return lose === undefined ? run(mode) : lose();
      case "calm":
      case "corrupt":
        return run(mode);
    }
  }
}
