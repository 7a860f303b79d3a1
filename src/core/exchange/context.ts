import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import type { RunParts, RunPlan } from "../fill/run.ts";
import { isFresh } from "../freshness/freshness.ts";
import { isUnsafe } from "../invalidation/unsafe-methods.ts";
import type { Found } from "../lookup/lookup.ts";
import { statusKey } from "../reply/status-fields.ts";
import type { Named } from "../reply/status-fields.ts";
import type { Key } from "../request/cache-key.ts";
import type { RequestDirectives } from "../request/directives.ts";

/** One request on its way, with what the stations found. */
export interface Context<Native> {
  readonly request: RequestRecord<Native>;
  readonly policy: Policy<Native>;
  readonly key: Key;
  readonly directives: RequestDirectives;
  readonly choose: (vary: readonly string[]) => string;
}

/** What flights and the memory of uncacheable responses call what a request asks for. */
export function flightKeyOf<Native>({ policy, key, choose }: Context<Native>, found: Found): string {
  return flightName(key.resource, choose(knownVary(found, policy)));
}

/** What `Cache-Status` calls it, where it tells. */
export function named<Native>(
  { digest }: Pick<RunParts, "digest">,
  { policy, key, choose }: Context<Native>,
  found: Found,
): Named {
  return statusKey(policy, key.resource, choose(knownVary(found, policy)), digest);
}

/** What is known of a run of the handler before it begins. */
export function planOf<Native>(context: Context<Native>, found: Found, now: number): RunPlan {
  const { request, policy, key, directives } = context;
  return {
    request,
    policy,
    key,
    vary: found.vary,
    forward: forwardOf(found, now),
    flightKey: flightKeyOf(context, found),
    stale: askedAgain(request, policy, found.entry),
    noStore: directives.noStore,
    askedAt: now,
  };
}

/** Why a request goes on to the handler, in the words of RFC 9211 §2.2. */
export function forwardOf({ entry, vary }: Found, now: number): RunPlan["forward"] {
  if (entry === undefined) return vary.length > 0 ? "vary-miss" : "uri-miss";
  return isFresh(entry, now) ? "request" : "stale";
}

/** The fields that tell variants apart, as far as they are known before the response is. */
export function knownVary({ vary }: Found, policy: Policy): readonly string[] {
  return vary.length > 0 ? vary : policy.vary;
}

/** What flights and the memory of uncacheable responses call one variant of one resource. */
export function flightName(resource: string, variant: string): string {
  return `${resource}\n${variant}`;
}

/** The stored response whose validators the handler is shown, so that it may answer 304. */
export function askedAgain(
  request: RequestRecord,
  policy: Policy,
  entry: Entry | undefined,
): Entry | undefined {
  // With other methods a matching tag would mean 412 and not 304 (RFC 9110 §13.1.2).
  return policy.revalidate && !isUnsafe(request.method) ? entry : undefined;
}

/** Whether a run of the handler has nothing for those who would wait for it. */
export function runsAlone(
  request: RequestRecord,
  policy: Policy,
  entry: Entry | undefined,
  now: number,
): boolean {
  if (entry !== undefined) {
    // What others may be given is not what this client asked for.
    if (isFresh(entry, now)) return true;
    // What is asked for each time has nothing for those who would wait (hazard 10).
    if (entry.staleAt <= entry.storedAt) return true;
  }
  // Nor has one's own, as long as its response does not say that it is for all (RFC 9111 §3.5).
  return policy.scope === "shared" && request.header("authorization") !== undefined;
}
