import type { Patience } from "../contract/platform.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { ChooseVariant, Entry } from "../contract/store.ts";
import type { RunParts, RunPlan } from "../fill/run.ts";
import { isFresh } from "../freshness/freshness.ts";
import { isUnsafe } from "../invalidation/unsafe-methods.ts";
import type { Found } from "../lookup/lookup.ts";
import { statusKey } from "../reply/status-fields.ts";
import type { StatusKey } from "../reply/status-fields.ts";
import { variantOf } from "../request/cache-key.ts";
import type { Key } from "../request/cache-key.ts";
import { directivesOf } from "../request/directives.ts";
import type { RequestDirectives } from "../request/directives.ts";

/** A request to look up, and what is known of it before the lookup. */
export interface Context<Native> {
  readonly request: RequestRecord<Native>;
  readonly policy: Policy<Native>;
  readonly key: Key;
  readonly directives: RequestDirectives;
  /** Returns which variant of a resource the request selects. */
  readonly choose: ChooseVariant;
  /** When the request arrived, in the order of invalidations. */
  readonly arrivedAt: number;
  /** How much longer it may wait for the log of invalidations. Undefined: it looks up once. */
  readonly patience: Patience | undefined;
}

/** Returns the context of a request that has arrived at `arrivedAt`. */
export function contextOf<Native>(
  request: RequestRecord<Native>,
  policy: Policy<Native>,
  key: Key,
  arrivedAt: number,
  patience?: Patience,
): Context<Native> {
  const header = (name: string): string | undefined => request.header(name);
  const choose: ChooseVariant = (vary) => variantOf(key.selector, vary, header);
  return { request, policy, key, directives: directivesOf(request, policy), choose, arrivedAt, patience };
}

/** Returns the variant that a request selects, as far as is known before its response. */
export function knownVariant<Native>({ policy, choose }: Context<Native>, found: Found): string {
  return choose(knownVary(found, policy));
}

/** Returns the name of a request's variant in the flights, the backoff and the hit-for-miss memory. */
export function flightKeyOf<Native>(context: Context<Native>, found: Found): string {
  return `${context.key.resource}\n${knownVariant(context, found)}`;
}

/** Returns the `key` parameter of `Cache-Status`, or nothing unless the policy has it. */
export function statusKeyOf<Native>(
  { digest }: Pick<RunParts, "digest">,
  context: Context<Native>,
  found: Found,
): StatusKey {
  const { policy, key } = context;
  return policy.cacheStatusKey ? statusKey(policy, key.resource, knownVariant(context, found), digest) : {};
}

/** Returns the plan of a run of the handler that is called at `now`. */
export function planOf<Native>(context: Context<Native>, found: Found, now: number): RunPlan {
  const { request, policy, key, directives, choose, arrivedAt } = context;
  return {
    request,
    policy,
    key,
    choose,
    vary: found.vary,
    forward: forwardOf(found, now),
    flightKey: flightKeyOf(context, found),
    stale: validatedEntry(request, policy, found.entry),
    noStore: directives.noStore,
    askedAt: now,
    arrivedAt,
  };
}

/** Returns why a request goes to the handler: the `fwd` of `Cache-Status` (RFC 9211 §2.2). */
export function forwardOf({ entry, vary }: Found, now: number): RunPlan["forward"] {
  if (entry === undefined) return vary.length > 0 ? "vary-miss" : "uri-miss";
  return isFresh(entry, now) ? "request" : "stale";
}

/** Returns the fields that select a variant: the resource's `vary` list or, if that is unknown, the route's. */
export function knownVary({ vary }: Found, policy: Policy): readonly string[] {
  return vary.length > 0 ? vary : policy.vary;
}

/** Returns the stored response whose validators the handler is shown, so that it may send a 304. Undefined: none. */
export function validatedEntry(
  request: RequestRecord,
  policy: Policy,
  entry: Entry | undefined,
): Entry | undefined {
  // With other methods a matching tag would mean 412 and not 304 (RFC 9110 §13.1.2).
  return policy.revalidate && !isUnsafe(request.method) ? entry : undefined;
}
