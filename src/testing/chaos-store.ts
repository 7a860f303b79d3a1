import type { ChooseVariant, Clock, Entry, MaybePromise, Store, StoreStats } from "../index.ts";
import { testClock } from "./clock.ts";
import { corruptions } from "./corruptions.ts";
import type { Corruption } from "./corruptions.ts";

/** A method of a store that can be made to fail. */
export type StoreOperation = "get" | "set" | "delete" | "clear";

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
  /** The key. Empty for `clear`. */
  readonly key: string;
  /** The entry of a `set`. */
  readonly entry?: Entry;
}

/** A store that wraps another one, fails on demand and logs its calls. */
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
    this.only = plan.only ?? ["get", "set", "delete", "clear"];
    this.corruption = plan.corruption ?? corruptions["another key"];
    this.delayMs = plan.delayMs ?? 100;
    this.clock = plan.clock ?? testClock();
  }

  get log(): readonly StoreCall[] {
    return this.#log;
  }

  count(operation: StoreOperation): number {
    return this.#log.filter((call) => call.operation === operation).length;
  }

  get(key: string, choose: ChooseVariant): MaybePromise<Entry | undefined> {
    const { corruption } = this;
    const alter = (entry: Entry | undefined): Entry | undefined => entry && corruption(entry);
    return this.#call({ operation: "get", key }, undefined, (mode) => {
      const found = this.#inner.get(key, choose);
      if (mode !== "corrupt") return found;
      return found instanceof Promise ? found.then(alter) : alter(found);
    });
  }

  set(entry: Entry): MaybePromise<boolean | void> {
    return this.#call({ operation: "set", key: entry.key, entry }, undefined, () => this.#inner.set(entry));
  }

  delete(key: string): MaybePromise<number> {
    return this.#call({ operation: "delete", key }, 0, () => this.#inner.delete(key));
  }

  clear(): MaybePromise<void> {
    return this.#call({ operation: "clear", key: "" }, undefined, () => this.#inner.clear());
  }

  stats(): StoreStats {
    return this.#inner.stats?.() ?? { entries: 0, bytes: 0, evictions: 0 };
  }

  #call<T>(call: StoreCall, lost: T, run: (mode: ChaosMode) => MaybePromise<T>): MaybePromise<T> {
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
        return operation === "get" ? run(mode) : lost;
      case "calm":
      case "corrupt":
        return run(mode);
    }
  }
}
