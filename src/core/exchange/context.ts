import type { Demands } from "../request/directives.ts";
import type { Key } from "../request/cache-key.ts";
import type { Found } from "../lookup/lookup.ts";
import { statusKey } from "../reply/status-fields.ts";
import type { Named } from "../reply/status-fields.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import { askedAgain, flightName, forwardOf, knownVary } from "./forward.ts";
import type { RunParts, RunPlan } from "../fill/run.ts";

/** One request on its way, with what the stations found. */
export interface Passage<Native> {
  readonly request: RequestRecord<Native>;
  readonly policy: Policy<Native>;
  readonly key: Key;
  readonly demands: Demands;
  readonly choose: (vary: readonly string[]) => string;
}

/** What flights and the memory of uncacheable responses call what a request asks for. */
export function flightKeyOf<Native>({ policy, key, choose }: Passage<Native>, found: Found): string {
  return flightName(key.resource, choose(knownVary(found, policy)));
}

/** What `Cache-Status` calls it, where it tells. */
export function named<Native>(
  { digest }: Pick<RunParts, "digest">,
  { policy, key, choose }: Passage<Native>,
  found: Found,
): Named {
  return statusKey(policy, key.resource, choose(knownVary(found, policy)), digest);
}

/** What is known of a run of the handler before it begins. */
export function planOf<Native>(passage: Passage<Native>, found: Found, now: number): RunPlan {
  const { request, policy, key, demands } = passage;
  return {
    request,
    policy,
    key,
    vary: found.vary,
    forward: forwardOf(found, now),
    flightKey: flightKeyOf(passage, found),
    stale: askedAgain(request, policy, found.entry),
    noStore: demands.noStore,
    askedAt: now,
  };
}
