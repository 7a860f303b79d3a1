import type { ChooseVariant, Clock, Entry, MaybePromise, Store, StoreStats } from "../index.ts";
import { testClock } from "./clock.ts";
import { corruptions } from "./corruptions.ts";
import type { Corruption } from "./corruptions.ts";

/** A method of a store that can go wrong. */
export type StoreOperation = "get" | "set" | "delete" | "clear";

/**
 * How a chaos store behaves: `calm` does what the inner store does; `throw` fails at once and `reject` by a promise;
 * `slow` answers after `delayMs` of its clock; `hang` never answers; `corrupt` alters the entries that are read;
 * `lose` forgets what is written.
 */
export type ChaosMode = "calm" | "throw" | "reject" | "slow" | "hang" | "corrupt" | "lose";

/** What a chaos store does; each member can also be changed while it runs. */
export interface ChaosPlan {
  /** Default: `calm`. */
  mode?: ChaosMode;
  /** The methods that misbehave; the others are calm. Default: all. */
  only?: readonly StoreOperation[];
  /** How an entry that is read is altered in the mode `corrupt`. Default: it claims another key. */
  corruption?: Corruption;
  /** How long an answer takes in the mode `slow`, in ms of the clock. Default: 100. */
  delayMs?: number;
  /** The clock of the mode `slow`. Default: one that stands still. */
  clock?: Clock;
}

/** One call of a store, as it was logged. */
export interface StoreCall {
  readonly operation: StoreOperation;
  /** The resource; empty for `clear`. */
  readonly key: string;
  /** The entry that was to be stored. */
  readonly entry?: Entry;
}

/** A store around another one that fails on demand and logs how it was called. */
export interface ChaosStore extends Store, Required<ChaosPlan> {
  /** All calls so far, in order. */
  readonly log: readonly StoreCall[];
  /** How often a method was called. */
  count(operation: StoreOperation): number;
  /** What the inner store says of itself; zeros where it says nothing. */
  stats(): StoreStats;
}

/** Wraps a store so that it can be made to misbehave, at any moment, in the ways that real ones do. */
export function chaosStore(inner: Store, plan: ChaosPlan = {}): ChaosStore {
  return new Chaos(inner, plan);
}

class Chaos implements ChaosStore {
  readonly name: string;
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
