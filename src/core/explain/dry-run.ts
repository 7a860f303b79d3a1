import type { Refusal } from "../contract/outcomes.ts";
import { wordsOf } from "../contract/refusal-words.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import { askedAgain, flightName, forwardOf, knownVary, runsAlone } from "../exchange/context.ts";
import { FULL_BUDGET, spanOf } from "../exchange/wait-budget.ts";
import type { RunParts } from "../fill/run.ts";
import type { Flight } from "../flight/flights.ts";
import { isFresh, lifetimeSource, ttlOf } from "../freshness/freshness.ts";
import { servesOnError, servesWhileRevalidating } from "../freshness/stale-windows.ts";
import { conditionsOf } from "../freshness/validators.ts";
import { Lookup } from "../lookup/lookup.ts";
import type { Found } from "../lookup/lookup.ts";
import { hashedKey, statusKey } from "../reply/status-fields.ts";
import { bypassReason, credentialsOf } from "../request/bypass-reason.ts";
import { keyOf, keyParts, variantOf } from "../request/cache-key.ts";
import type { Key } from "../request/cache-key.ts";
import { directivesOf } from "../request/directives.ts";
import type { RequestDirectives } from "../request/directives.ts";
import { undeclaredNames } from "../request/normalized-target.ts";
import { readHead } from "../storing/response-head.ts";
import type { ExplainedFreshness, Findings, KeyFindings, Verdict } from "./explanation.ts";

/**
 * Goes the way of a request with none of its effects: nothing is counted, stored, waited for or told.
 *
 * The order is that of the exchange; whatever is decided there is decided here the same way.
 */
export function dryRun<Native>(
  parts: RunParts,
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): MaybePromise<Findings> {
  const found: Pick<Findings, "request" | "policy"> = { request, policy };
  const reason = bypassReason(request, policy);
  const by = reason === "credentials" ? [`It carries ${credentialsOf(request, policy).join(", ")}.`] : [];
  if (reason !== undefined) return { ...found, verdict: bypass(reason, reason === "method", by) };
  const unasked = request.native === undefined ? functionsOf(policy) : [];
  if (unasked.length > 0) return { ...found, verdict: unknown(unasked) };
  let key: Key | undefined;
  try {
    // What targets mean is remembered for requests that came, not for those that were thought of.
    const targets = { ...policy.targets, of: (o: string, t: string) => policy.targets.peek(o, t) };
    key = keyOf(request, { ...policy, targets }, parts.digest);
  } catch (error) {
    const because = `${error instanceof Error ? error.message : String(error)}: the request would fail.`;
    return { ...found, verdict: { outcome: "failed", status: {}, because: [because] } };
  }
  if (key === undefined) return { ...found, verdict: bypass("content", false) };
  return look(parts, request, policy, key);
}

function look<Native>(
  parts: RunParts,
  request: RequestRecord<Native>,
  policy: Policy<Native>,
  key: Key,
): MaybePromise<Findings> {
  const { store, clock, tags, fence } = parts;
  const lookup = new Lookup(
    store,
    () => store.distrust(),
    (entry) => fence.isRemoving(entry.key) || tags.areOutdated(entry),
  );
  const choose = (vary: readonly string[]): string =>
    variantOf(key.selector, vary, (name) => request.header(name));
  const conclude = (found: Found): Findings => {
    const now = clock.now();
    const vary = knownVary(found, policy);
    const variant = choose(vary);
    const verdict = verdictOf(parts, request, policy, found, now, flightName(key.resource, variant));
    const { status } = verdict;
    const named = statusKey(policy, key.resource, variant, parts.digest);
    return {
      request,
      policy,
      verdict: { ...verdict, status: { ...status, ...named } },
      key: keyFindings(request, policy, key, vary, hashedKey(key.resource, variant, parts.digest)),
      ...(found.entry === undefined
        ? {}
        : { entry: found.entry, freshness: freshnessOf(found.entry, policy, now) }),
    };
  };
  const found = lookup.find(key.resource, choose, clock.now(), policy);
  return found instanceof Promise ? found.then(conclude) : conclude(found);
}

function verdictOf<Native>(
  { flights, backoff }: RunParts,
  request: RequestRecord<Native>,
  policy: Policy<Native>,
  found: Found,
  now: number,
  flightKey: string,
): Verdict {
  const { entry } = found;
  const directives = directivesOf(request, policy);
  const flight = flights.find(flightKey);
  const isHeld = backoff.holds(flightKey, now);
  if (entry !== undefined && directives.accepts(entry, now)) {
    const chance =
      directives.noStore || flight !== undefined || isHeld ? 0 : chanceOfEarly(entry, now, policy);
    return hit(entry, now, chance);
  }
  if (directives.onlyIfCached) {
    const because = ["The client says only-if-cached, and nothing stored satisfies it: the answer is 504."];
    return { outcome: "bypass", reason: "only-if-cached", status: { detail: "only-if-cached" }, because };
  }
  const forward = forwardOf(found, now);
  // An adapter can run again what has no content, or whose content it has.
  const isRepeatable = request.method === "GET" || request.method === "HEAD" || policy.content === "bytes";
  if (entry !== undefined && isRepeatable && !isFresh(entry, now) && directives.allowsStale(entry, now)) {
    const isRefreshed = flight === undefined && !isHeld;
    if (servesWhileRevalidating(entry, now) && !directives.wantsFresh)
      return staleAtOnce(entry, now, isRefreshed);
    if (servesOnError(entry, now) && !flights.isHitForMissAnswer(flightKey, now)) {
      if (!isRefreshed && flight === undefined) return staleOnError(FAILED, "failed");
      if (!mayWait(policy, flight, now, true)) return staleOnError(NO_WAIT, isHeld ? "failed" : "timeout");
      return flight === undefined ? asksFirst() : waits("stale");
    }
  }
  const stale = askedAgain(request, policy, entry);
  if (request.method === "HEAD") return head(forward, stale !== undefined && !directives.noStore);
  const because = [WHY[forward](found), ...whatRuns(stale, directives)];
  const miss: Verdict = { outcome: "miss", reason: forward, status: { fwd: forward }, because };
  if (directives.noStore || runsAlone(request, policy, entry, now)) return miss;
  if (flights.isHitForMiss(flightKey, now)) return uncacheable(miss, flights.remembered(flightKey)?.reason);
  if (flight === undefined) return miss;
  return mayWait(policy, flight, now, false) ? waits(forward) : runsBeside(miss);
}

/** Whether a request may wait for a run: one that is under way, or its own. */
function mayWait(policy: Policy, flight: Flight | undefined, now: number, mayBeStale: boolean): boolean {
  return spanOf(policy, FULL_BUDGET, now, mayBeStale).end > now && (flight?.waiting ?? 0) < policy.maxWaiters;
}

function runsBeside(miss: Verdict): Verdict {
  const because = [
    "The handler is running for this key already, and waitMs or maxWaiters keeps the request from waiting for it.",
  ];
  return { ...miss, because: [...because, ...miss.because] };
}

/** How likely it is that an entry is refreshed before its end; the same reckoning as `isDueEarly`, without a throw of dice. */
function chanceOfEarly({ fillMs, staleAt }: Entry, now: number, { earlyRefresh }: Policy): number {
  if (fillMs === undefined || staleAt === Infinity) return 0;
  const span = fillMs * earlyRefresh;
  return span === 0 ? 0 : Math.min(1, Math.exp((now - staleAt) / span));
}

function waits(forward: ReturnType<typeof forwardOf>): Verdict {
  const because = [
    "The handler is running for this key already: the request waits, and is given that response if it may be shared.",
  ];
  return { outcome: "collapsed", status: { fwd: forward, collapsed: true }, because };
}

function hit(entry: Entry, now: number, chanceOfRefresh: number): Verdict {
  const ttl = ttlOf(entry, now);
  const percent = Math.round(100 * chanceOfRefresh);
  const because = [
    percent === 0
      ? "The stored response is served; the handler does not run."
      : `The stored response is served; in ${percent} of 100 cases the handler runs behind the answer (earlyRefresh).`,
  ];
  if (!isFresh(entry, now)) because.push("It is stale, and the client's max-stale accepts that.");
  const status = { hit: true, ...(ttl === undefined ? {} : { ttl }) };
  return { outcome: "hit", status, because };
}

/** Served stale while it is revalidated (RFC 5861 §3). */
function staleAtOnce(entry: Entry, now: number, isRefreshed: boolean): Verdict {
  const ttl = ttlOf(entry, now);
  const behind = isRefreshed
    ? "The handler runs once behind the answer."
    : "The handler is running for this key already, or has failed not long ago: it is not run again yet.";
  const because = [
    "The stored response is stale and within its stale-while-revalidate window: it is served.",
    behind,
  ];
  return { outcome: "stale", status: { hit: true, ...(ttl === undefined ? {} : { ttl }) }, because };
}

const WITHIN = "The stored response is stale and within its stale-if-error window.";
const FAILED = "The handler has failed not long ago: it is not asked again yet.";
const NO_WAIT = "The handler runs without this client, which waitMs or maxWaiters keeps from waiting for it.";

/** Served stale in the place of an answer that is not waited for (RFC 5861 §4). */
function staleOnError(why: string, detail: Refusal): Verdict {
  return { outcome: "stale", status: { fwd: "stale", detail }, because: [WITHIN, why] };
}

/** Served stale if the handler fails (RFC 5861 §4). */
function asksFirst(): Verdict {
  const because = [
    WITHIN,
    "The handler runs without this client, which is served the stored response if it fails.",
  ];
  return { outcome: "miss", reason: "stale", status: { fwd: "stale" }, because };
}

function head(forward: ReturnType<typeof forwardOf>, isHeeded: boolean): Verdict {
  const because = ["No fresh response answers this HEAD. The handler runs, and a HEAD stores nothing."];
  if (isHeeded) return { outcome: "miss", reason: forward, status: { fwd: forward }, because };
  return { outcome: "miss", reason: "head", status: { fwd: "uri-miss", detail: "head" }, because };
}

function uncacheable(miss: Verdict, reason: Refusal | undefined): Verdict {
  const words = reason && wordsOf(reason);
  const why = reason === undefined ? "" : ` (${reason}${words === undefined ? "" : `: ${words[0]}`})`;
  const because = [
    `The last response for this key was not stored${why}. That is remembered for a while, so that nobody waits: the handler runs for each request.`,
  ];
  return { ...miss, reason: "uncacheable", because, ...(words === undefined ? {} : { remedy: words[1] }) };
}

function bypass(reason: Refusal, isMethod: boolean, more: readonly string[] = []): Verdict {
  const words = wordsOf(reason);
  return {
    outcome: "bypass",
    reason,
    status: { fwd: isMethod ? "method" : "bypass", detail: reason },
    because: [`Nothing is looked up and nothing is stored: ${words?.[0] ?? reason}.`, ...more],
    ...(words === undefined ? {} : { remedy: words[1] }),
  };
}

function unknown(functions: readonly string[]): Verdict {
  const because = `The key depends on what the route's function "${functions.join('" and "')}" answers.`;
  const remedy = "give it the framework's own request: explain({ url, native: request })";
  return { outcome: "unknown", reason: "native", status: {}, because: [because], remedy };
}

function functionsOf<Native>({ key, scope, origin }: Policy<Native>): readonly string[] {
  const isAsked = { key, scope, origin: key === undefined ? origin : undefined };
  return Object.entries(isAsked).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
}

const WHY: Readonly<Record<ReturnType<typeof forwardOf>, (found: Found) => string>> = {
  "uri-miss": () => "Nothing is stored under this key.",
  "vary-miss": ({ vary }) =>
    `Responses are stored under this key, and none for this request's ${vary.join(", ")}.`,
  stale: () => "The stored response is stale.",
  request: () => "The stored response is fresh, and the client's Cache-Control does not accept it.",
};

function whatRuns(stale: Entry | undefined, directives: RequestDirectives): readonly string[] {
  const conditions = conditionsOf(stale).map(([name]) => name);
  const described =
    conditions.length === 0
      ? "The handler runs"
      : `The handler runs and is shown ${conditions.join(" and ")}`;
  const kept = directives.noStore
    ? "the client says no-store, so nothing is stored."
    : "its response is stored unless something in it forbids that.";
  return [`${described}; ${kept}`];
}

function freshnessOf(entry: Entry, policy: Policy, now: number): ExplainedFreshness {
  const from = lifetimeSource(entry, readHead({ status: entry.status, fields: entry.fields }), policy);
  return {
    lifetime: (entry.staleAt - entry.storedAt) / 1000,
    age: Math.max(0, now - entry.storedAt) / 1000,
    remaining: (entry.staleAt - now) / 1000,
    ...(from === undefined ? {} : { from }),
  };
}

function keyFindings(
  request: RequestRecord,
  policy: Policy,
  key: Key,
  vary: readonly string[],
  hash: string,
): KeyFindings {
  return {
    ...keyParts(key.resource, key.selector),
    dropped: policy.key === undefined ? undeclaredNames(request.target, policy) : [],
    vary: vary.map((name) => [name, request.header(name)] as const),
    hash,
  };
}
