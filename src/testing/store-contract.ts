import assert from "node:assert/strict";
import type { MaybePromise, Store } from "../index.ts";
import { calls } from "./store-contract/calls.ts";
import { deletions } from "./store-contract/deletions.ts";
import { entries } from "./store-contract/entries.ts";
import { leases } from "./store-contract/leases.ts";
import { lookups } from "./store-contract/lookups.ts";
import { marks } from "./store-contract/marks.ts";
import { names } from "./store-contract/names.ts";
import { resources } from "./store-contract/resources.ts";
import type { StoreScenarios } from "./store-contract/sample.ts";

/** What a store may have beyond entries. */
export type StoreCapability = "marks" | "leases";

/** The checks of each capability. */
const OPTIONAL: Readonly<Record<StoreCapability, StoreScenarios>> = { marks, leases };

/** One check of a contract. */
export interface ContractCheck {
  /** The requirement, as a sentence. Stable enough to be listed in `declined`. */
  readonly name: string;
  /** Resolves if the requirement is met; rejects with an `AssertionError` otherwise. */
  run(): Promise<void>;
}

/** Options of {@link storeContract}. */
export interface StoreContractOptions {
  /** What the store has: `marks`, `leases` or both. A check fails if it has less, or more. Default: neither. */
  readonly capabilities?: readonly StoreCapability[];
  /** Called with the store after each check, for example to close its connection. */
  readonly dispose?: (store: Store) => MaybePromise<void>;
  /** The start of all keys of a check, for stores that share a server. Nothing else may use it. Default: none. */
  readonly prefix?: string;
}

/**
 * Returns the requirements of a store as checks. `makeStore` is called for each check; it returns an empty store with room for
 * a few MiB. If it has marks, its log is absent.
 *
 * A store may keep entries by reference: no check writes into an entry after `set`, and neither does the core.
 *
 * @example
 * import { test } from "node:test";
 *
 * for (const check of storeContract(() => myStore())) test(check.name, () => check.run());
 */
export function storeContract(
  makeStore: () => MaybePromise<Store>,
  options: StoreContractOptions = {},
): readonly ContractCheck[] {
  const { dispose, prefix = "", capabilities = [] } = options;
  const declared: StoreScenarios = {
    "a store has the capabilities that were declared, and no others": async (store) => {
      const had = Object.keys(OPTIONAL).filter((name) => store[name as StoreCapability] !== undefined);
      assert.deepEqual(
        had,
        Object.keys(OPTIONAL).filter((name) => capabilities.includes(name as never)),
      );
    },
  };
  const optional = capabilities.map((name) => OPTIONAL[name]);
  const all = [declared, resources, lookups, deletions, entries, names, calls, ...optional];
  return all.flatMap((scenarios) =>
    Object.entries(scenarios).map(([name, scenario]) => ({
      name,
      async run() {
        const store = await makeStore();
        try {
          await scenario(store, (text) => prefix + text);
        } finally {
          await dispose?.(store);
        }
      },
    })),
  );
}
