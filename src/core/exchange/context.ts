import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { ChooseVariant, Entry } from "../contract/store.ts";
import type { RunParts, RunPlan } from "../fill/run.ts";
import { isFresh } from "../freshness/freshness.ts";
import { isUnsafe } from "../invalidation/unsafe-methods.ts";
import type { Found } from "../lookup/lookup.ts";
import { statusKey } from "../reply/status-fields.ts";
import type { Named } from "../reply/status-fields.ts";
import { variantOf } from "../request/cache-key.ts";
import type { Key } from "../request/cache-key.ts";
import { directivesOf } from "../request/directives.ts";
import type { RequestDirectives } from "../request/directives.ts";

/** One request that is looked up, and what is known of it before the lookup. */
export interface Context<Native> {
  readonly request: RequestRecord<Native>;
  readonly policy: Policy<Native>;
  readonly key: Key;
  readonly directives: RequestDirectives;
  /** Returns which variant of a resource the request selects. */
  readonly choose: ChooseVariant;
}

/** Makes the context of a request. */
export function contextOf<Native>(
  request: RequestRecord<Native>,
  policy: Policy<Native>,
  key: Key,
): Context<Native> {
  const header = (name: string): string | undefined => request.header(name);
  const choose: ChooseVariant = (vary) => variantOf(key.selector, vary, header);
  return { request, policy, key, directives: directivesOf(request, policy), choose };
}

/** Returns the variant that a request selects, as far as it is known before there is a response. */
export function knownVariant<Native>({ policy, choose }: Context<Native>, found: Found): string {
  return choose(knownVary(found, policy));
}

/** Returns the name of a request's variant in the flights, the backoff and the hit-for-miss memory. */
export function flightKeyOf<Native>(context: Context<Native>, found: Found): string {
  return `${context.key.resource}\n${knownVariant(context, found)}`;
}

/** Returns the `key` parameter of `Cache-Status`, where the cache tells it. */
export function statusKeyOf<Native>(
  { digest }: Pick<RunParts, "digest">,
  context: Context<Native>,
  found: Found,
): Named {
  const { policy, key } = context;
  return policy.cacheStatusKey ? statusKey(policy, key.resource, knownVariant(context, found), digest) : {};
}

/** Makes the plan of a run of the handler. */
export function planOf<Native>(context: Context<Native>, found: Found, now: number): RunPlan {
  const { request, policy, key, directives, choose } = context;
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
  };
}

/** Returns why a request goes on to the handler, in the words of RFC 9211 §2.2. */
export function forwardOf({ entry, vary }: Found, now: number): RunPlan["forward"] {
  if (entry === undefined) return vary.length > 0 ? "vary-miss" : "uri-miss";
  return isFresh(entry, now) ? "request" : "stale";
}

/** Returns the fields that tell variants apart: the resource's or, where nothing is stored, those that the route declares. */
export function knownVary({ vary }: Found, policy: Policy): readonly string[] {
  return vary.length > 0 ? vary : policy.vary;
}

/** Returns the stored response whose validators the handler is shown, so that it may send a 304. */
export function validatedEntry(
  request: RequestRecord,
  policy: Policy,
  entry: Entry | undefined,
): Entry | undefined {
  // With other methods a matching tag would mean 412 and not 304 (RFC 9110 §13.1.2).
  return policy.revalidate && !isUnsafe(request.method) ? entry : undefined;
}
