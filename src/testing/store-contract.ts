import type { MaybePromise, Store } from "../index.ts";
import { dealings } from "./store-contract/dealings.ts";
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
  /** Called after each check with its store: the place to close a connection. */
  readonly dispose?: (store: Store) => MaybePromise<void>;
  /** What keys begin with, where stores share a server: nothing else may be stored under it. Default: none. */
  readonly prefix?: string;
}

/**
 * What every store has to do: one check per requirement, each with a store of its own that `makeStore` makes. It must
 * be empty, and have room for a few MiB.
 *
 * A store may keep entries by reference, so nothing is said about a caller that writes into a body after `set`: the
 * core never does.
 */
export function storeContract(
  makeStore: () => MaybePromise<Store>,
  options: StoreContractOptions = {},
): readonly ContractCheck[] {
  const { dispose, prefix = "" } = options;
  return Object.entries({ ...resources, ...entries, ...names, ...dealings }).map(([name, scenario]) => ({
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
