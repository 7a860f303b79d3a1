import type { MaybePromise, Store } from "../index.ts";
import { calls } from "./store-contract/calls.ts";
import { entries } from "./store-contract/entries.ts";
import { names } from "./store-contract/names.ts";
import { resources } from "./store-contract/resources.ts";

/** One check of a contract. */
export interface ContractCheck {
  /** The requirement, as a sentence. Stable enough to be listed in `declined`. */
  readonly name: string;
  /** Resolves if the requirement is met; rejects with an `AssertionError` otherwise. */
  run(): Promise<void>;
}

/** Options of {@link storeContract}. */
export interface StoreContractOptions {
  /** Called with the store after each check, for example to close its connection. */
  readonly dispose?: (store: Store) => MaybePromise<void>;
  /** The start of all keys of a check, for stores that share a server. Nothing else may use it. Default: none. */
  readonly prefix?: string;
}

/**
 * Returns the requirements of a store as checks. `makeStore` is called for each check; it returns an empty store with room for
 * a few MiB.
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
  const { dispose, prefix = "" } = options;
  return Object.entries({ ...resources, ...entries, ...names, ...calls }).map(([name, scenario]) => ({
    name,
    async run() {
      const store = await makeStore();
      try {
        await scenario(store, (name) => prefix + name);
      } finally {
        await dispose?.(store);
      }
    },
  }));
}
