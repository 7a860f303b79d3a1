import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import { contextOf, knownVary, knownVariant } from "../exchange/context.ts";
import type { Context } from "../exchange/context.ts";
import { decide } from "../exchange/decide.ts";
import { findIn, lookupIn } from "../exchange/parts.ts";
import { FULL_BUDGET } from "../exchange/wait-budget.ts";
import type { RunParts } from "../fill/run.ts";
import { lifetimeSource } from "../freshness/freshness.ts";
import type { ReadableStore } from "../lookup/guarded-store.ts";
import type { Found } from "../lookup/lookup.ts";
import { hashedKey, statusKey } from "../reply/status-fields.ts";
import { isUnsafe } from "../invalidation/unsafe-methods.ts";
import { bypassReason, credentialsOf } from "../request/bypass-reason.ts";
import { keyOf, keyParts } from "../request/cache-key.ts";
import type { Key } from "../request/cache-key.ts";
import { undeclaredNames } from "../request/normalized-target.ts";
import { readHead } from "../storing/response-head.ts";
import type { ExplainedFreshness, Findings, KeyFindings } from "./explanation.ts";
import { bypassVerdict, failedVerdict, unknownVerdict, unsafeVerdict, verdictOf } from "./verdict.ts";

/** The random number for which an early refresh is due if it ever is: the largest below 1. */
const SUREST_DRAW = 1 - Number.EPSILON / 2;

/** The parts of a cache that a dry run reads. */
type DryParts = Omit<RunParts, "store"> & { readonly store: ReadableStore };

/** Returns what would happen to a request. Nothing is counted, stored, waited for or reported. */
export function dryRun<Native>(
  parts: DryParts,
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): MaybePromise<Findings> {
  const reason = bypassReason(request, policy);
  if (reason !== undefined) {
    const by = reason === "credentials" ? [`It carries ${credentialsOf(request, policy).join(", ")}.`] : [];
    if (reason === "method" && policy.invalidateOnUnsafe && isUnsafe(request.method))
      return { request, policy, verdict: unsafeVerdict() };
    return { request, policy, verdict: bypassVerdict(reason, by) };
  }
  const unasked = request.native === undefined ? functionsOf(policy) : [];
  if (unasked.length > 0) return { request, policy, verdict: unknownVerdict(unasked) };
  let key: Key | undefined;
  try {
    // Only real requests change the cached targets.
    const targets = { ...policy.targets, of: (o: string, t: string) => policy.targets.peek(o, t) };
    key = keyOf(request, { ...policy, targets }, parts.digest);
  } catch (error) {
    return { request, policy, verdict: failedVerdict(error) };
  }
  if (key === undefined) return { request, policy, verdict: bypassVerdict("content") };
  return look(parts, contextOf(refreshable(request, policy), policy, key, parts.arrival()));
}

/** The functions of a route that need the framework's own request to name a key. */
function functionsOf<Native>({ key, scope, origin }: Policy<Native>): readonly string[] {
  const isAsked = { key, scope, origin: key === undefined ? origin : undefined };
  return Object.entries(isAsked).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
}

/** Adds `refresh` to a request that its adapter could run in the background: one without content, or with bytes. */
function refreshable<Native>(request: RequestRecord<Native>, policy: Policy<Native>): RequestRecord<Native> {
  const isRepeatable = request.method === "GET" || request.method === "HEAD" || policy.content === "bytes";
  return isRepeatable ? { ...request, refresh: () => undefined } : request;
}

function look<Native>(parts: DryParts, context: Context<Native>): MaybePromise<Findings> {
  const { clock, flights, backoff, digest } = parts;
  const { request, policy, key } = context;
  const conclude = (found: Found): Findings => {
    const now = clock.now();
    const course = decide(context, found, FULL_BUDGET, now, { flights, backoff, random: () => SUREST_DRAW });
    const verdict = verdictOf(course, context, found, now, flights);
    const variant = knownVariant(context, found);
    const status = { ...verdict.status, ...statusKey(policy, key.resource, variant, digest) };
    const { entry } = found;
    return {
      request,
      policy,
      verdict: { ...verdict, status },
      key: keyFindings(context, found, hashedKey(key.resource, variant, digest)),
      ...(entry === undefined ? {} : { entry, freshness: freshnessOf(parts, entry, policy, now) }),
    };
  };
  const found = findIn(lookupIn(parts.store, parts), context, clock.now());
  return found instanceof Promise ? found.then(conclude) : conclude(found);
}

function freshnessOf(
  { ledger }: Pick<RunParts, "ledger">,
  entry: Entry,
  policy: Policy,
  now: number,
): ExplainedFreshness {
  const from =
    ledger.staleSince(entry) === entry.staleAt
      ? "softly invalidated then"
      : lifetimeSource(entry, readHead({ status: entry.status, fields: entry.fields }), policy);
  return {
    lifetime: (entry.staleAt - entry.storedAt) / 1000,
    age: Math.max(0, now - entry.storedAt) / 1000,
    remaining: (entry.staleAt - now) / 1000,
    ...(from === undefined ? {} : { from }),
  };
}

function keyFindings<Native>(
  { request, policy, key }: Context<Native>,
  found: Found,
  hash: string,
): KeyFindings {
  return {
    ...keyParts(key.resource, key.selector),
    dropped: policy.key === undefined ? undeclaredNames(request.target, policy) : [],
    vary: knownVary(found, policy).map((name) => [name, request.header(name)] as const),
    hash,
  };
}
