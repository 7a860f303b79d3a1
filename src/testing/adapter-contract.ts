import { AssertionError } from "node:assert";
import { conditions } from "./adapter-contract/conditions.ts";
import { freshness } from "./adapter-contract/freshness.ts";
import { guards } from "./adapter-contract/guards.ts";
import { hits } from "./adapter-contract/hits.ts";
import { methods } from "./adapter-contract/methods.ts";
import { contents } from "./adapter-contract/contents.ts";
import { fields } from "./adapter-contract/fields.ts";
import { front } from "./adapter-contract/front.ts";
import { ranges } from "./adapter-contract/ranges.ts";
import { revalidation } from "./adapter-contract/revalidation.ts";
import { places } from "./adapter-contract/places.ts";
import { policies } from "./adapter-contract/policies.ts";
import { queries } from "./adapter-contract/queries.ts";
import { switches } from "./adapter-contract/switches.ts";
import { tags } from "./adapter-contract/tags.ts";
import { told } from "./adapter-contract/told.ts";
import { variants } from "./adapter-contract/variants.ts";
import { streams } from "./adapter-contract/streams.ts";
import { refreshes } from "./adapter-contract/refreshes.ts";
import { staleIfError } from "./adapter-contract/stale-if-error.ts";
import { flights } from "./adapter-contract/flights.ts";
import { followers } from "./adapter-contract/followers.ts";
import { backpressure } from "./adapter-contract/backpressure.ts";
import { connections } from "./adapter-contract/connections.ts";
import { notices } from "./adapter-contract/notices.ts";
import { disconnects } from "./adapter-contract/disconnects.ts";
import { callbacks } from "./adapter-contract/callbacks.ts";
import { writes } from "./adapter-contract/writes.ts";
import { failures } from "./adapter-contract/failures.ts";
import { BrokenResponse } from "./adapter-contract/client.ts";
import { Stage } from "./adapter-contract/stage.ts";
import type { Scenarios } from "./adapter-contract/stage.ts";
import type { AdapterHarness } from "./adapter-harness.ts";
import type { ContractCheck } from "./store-contract.ts";

const TOPICS: readonly Scenarios[] = [
  hits,
  freshness,
  switches,
  guards,
  methods,
  conditions,
  revalidation,
  ranges,
  queries,
  variants,
  tags,
  places,
  told,
  fields,
  front,
  policies,
  contents,
  streams,
  flights,
  followers,
  backpressure,
  disconnects,
  connections,
  notices,
  refreshes,
  staleIfError,
  failures,
  callbacks,
  writes,
];

/** Options of {@link adapterContract}. */
export interface AdapterContractOptions {
  /**
   * When a check fails because something has not happened, in seconds. A check that passes never waits for it. Default: 4.
   */
  readonly bound?: number;
}

/**
 * Returns the requirements of an adapter as checks over real sockets. Each check has its own server, cache, store and clock.
 * Checks that the harness declines are left out. Throws if the harness declines a check that does not exist.
 *
 * @example
 * import { test } from "node:test";
 *
 * for (const check of adapterContract(harness)) test(check.name, () => check.run());
 */
export function adapterContract(
  harness: AdapterHarness,
  options: AdapterContractOptions = {},
): readonly ContractCheck[] {
  const boundMs = (options.bound ?? 4) * 1000;
  const scenarios = TOPICS.flatMap((topic) => Object.entries(topic));
  const declined = harness.declined ?? {};
  const unknown = Object.keys(declined).filter((name) => !scenarios.some(([known]) => known === name));
  if (unknown.length > 0)
    throw new Error(`${harness.name} declines checks that do not exist: ${unknown.join("; ")}`);
  return scenarios
    .filter(([name]) => !Object.hasOwn(declined, name))
    .map(([name, scenario]) => ({
      name,
      async run() {
        const stage = new Stage(harness, boundMs);
        try {
          await scenario(stage);
        } catch (error) {
          throw error instanceof BrokenResponse ? unmet(error) : error;
        } finally {
          await stage.close();
        }
      },
    }));
}

/** A connection that broke unexpectedly is a failed check. */
function unmet(broken: BrokenResponse): AssertionError {
  const error = new AssertionError({ message: broken.message });
  error.cause = broken;
  return error;
}
