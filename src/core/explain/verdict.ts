import { summaryOf } from "../contract/errors.ts";
import type { Refusal } from "../contract/outcomes.ts";
import { wordsOf } from "../contract/refusal-words.ts";
import type { Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { flightKeyOf, forwardOf, validatedEntry } from "../exchange/context.ts";
import type { Context } from "../exchange/context.ts";
import type { AloneReason, Course } from "../exchange/decide.ts";
import type { Flights } from "../flight/flights.ts";
import { chanceOfEarlyRefresh } from "../freshness/early-refresh.ts";
import { isFresh, ttlOf } from "../freshness/freshness.ts";
import { conditionsOf } from "../fill/not-modified-fill.ts";
import type { Found } from "../lookup/lookup.ts";
import type { Verdict } from "./explanation.ts";

type Forward = ReturnType<typeof forwardOf>;

/** Returns a course in words. */
export function verdictOf<Native>(
  course: Course,
  context: Context<Native>,
  found: Found,
  now: number,
  flights: Pick<Flights, "hitForMissOf">,
): Verdict {
  const forward = forwardOf(found, now);
  switch (course.kind) {
    case "hit":
      return hit(course, context, found.entry as Entry, now);
    case "unsatisfied":
      return {
        outcome: "bypass",
        reason: "only-if-cached",
        status: { detail: "only-if-cached" },
        because: ["The client sent only-if-cached, and nothing stored satisfies it: a 504 is sent."],
      };
    case "stale":
      return staleAtOnce(course, found.entry as Entry, now);
    case "stand-in":
      return staleOnError(course);
    case "ask-first":
      return { outcome: "miss", reason: "stale", status: { fwd: "stale" }, because: [WITHIN, ASKED_FIRST] };
    case "head":
      return head(forward, course.updates);
    case "wait":
      return { outcome: "collapsed", status: { fwd: forward, collapsed: true }, because: [WAITS] };
    case "lead":
      return missed(forward, context, found);
    case "alone":
      return alone(course.because, missed(forward, context, found), context.policy, () => {
        return flights.hitForMissOf(flightKeyOf(context, found))?.reason;
      });
  }
}

/** Returns the verdict on a request that is not looked up. `more` are sentences to add. */
export function bypassVerdict(reason: Refusal, more: readonly string[] = []): Verdict {
  if (reason === "disabled") return { outcome: "bypass", reason, status: {}, because: [DISABLED] };
  const words = wordsOf(reason);
  return {
    outcome: "bypass",
    reason,
    status: { fwd: reason === "method" ? "method" : "bypass", detail: reason },
    because: [`Nothing is looked up and nothing is stored: ${words?.[0] ?? reason}.`, ...more],
    ...(words === undefined ? {} : { remedy: words[1] }),
  };
}

/** Returns the verdict on an unsafe request of a route with `invalidateOnUnsafe`. */
export function unsafeVerdict(): Verdict {
  const because = [
    "The handler runs. If it succeeds, what is stored for this URI is removed (invalidateOnUnsafe); its own response is not stored.",
  ];
  return { outcome: "bypass", reason: "method", status: { fwd: "method", detail: "method" }, because };
}

/** Returns the verdict on a request whose key needs the framework's own request. */
export function unknownVerdict(functions: readonly string[]): Verdict {
  const because = `The key is unknown: the route's "${functions.join('" and "')}" can only be called with the framework's own request.`;
  const remedy = "pass it: explain({ url, native: request })";
  return { outcome: "unknown", reason: "native", status: {}, because: [because], remedy };
}

/** Returns the verdict on a request that would fail, because a function of its route throws or returns no name. */
export function failedVerdict(error: unknown): Verdict {
  const because = `The request would fail: ${summaryOf(error)}`;
  return { outcome: "failed", status: {}, because: [because] };
}

const DISABLED =
  "The cache is off for this route (enabled: false): the handler runs as without a cache, and no field is added.";
const WITHIN = "The stored response is stale and within its stale-if-error window.";
const FAILED = "The handler failed a moment ago: it is not run again yet.";
const NO_WAIT = "The handler runs without this client, which maxWait or maxWaiters keeps from waiting.";
const ASKED_FIRST = "The handler runs without this client, which is served the stored response if it fails.";
const WAITS =
  "The handler is running for this key already: the request waits, and is sent that response if it may be shared.";
const RUNS_BESIDE =
  "The handler is running for this key already, and maxWait or maxWaiters keeps the request from waiting for it.";

function hit<Native>(
  { refreshes }: Extract<Course, { readonly kind: "hit" }>,
  { policy }: Context<Native>,
  entry: Entry,
  now: number,
): Verdict {
  const chance = refreshes ? chanceOfEarlyRefresh(entry, now, policy.earlyRefresh) : 0;
  // 100 of 100 is told only where it is certain.
  const percent = chance === 1 ? 100 : Math.min(99, Math.round(100 * chance));
  const because = [
    percent === 0
      ? "The stored response is served; the handler does not run."
      : `The stored response is served; in ${percent} of 100 cases the handler runs in the background (earlyRefresh).`,
  ];
  if (!isFresh(entry, now)) because.push("It is stale, and the client's max-stale accepts that.");
  return { outcome: "hit", status: hitStatus(entry, now), because };
}

function staleAtOnce(
  { refreshes }: Extract<Course, { readonly kind: "stale" }>,
  entry: Entry,
  now: number,
): Verdict {
  const because = [
    "The stored response is stale and within its stale-while-revalidate window: it is served.",
    refreshes
      ? "The handler runs once in the background."
      : "The handler is running for this key already, or failed a moment ago: it is not run again yet.",
  ];
  return { outcome: "stale", status: hitStatus(entry, now), because };
}

function hitStatus(entry: Entry, now: number): Verdict["status"] {
  const ttl = ttlOf(entry, now);
  return { hit: true, ...(ttl === undefined ? {} : { ttl }) };
}

function staleOnError({ because, refreshes }: Extract<Course, { readonly kind: "stand-in" }>): Verdict {
  const why = because === "failed" && !refreshes ? FAILED : NO_WAIT;
  return { outcome: "stale", status: { fwd: "stale", detail: because }, because: [WITHIN, why] };
}

function head(forward: Forward, updates: boolean): Verdict {
  const because = ["There is no fresh response for this HEAD. The handler runs, and nothing is stored."];
  if (updates) return { outcome: "miss", reason: forward, status: { fwd: forward }, because };
  return { outcome: "miss", reason: "head", status: { fwd: "uri-miss", detail: "head" }, because };
}

function missed<Native>(forward: Forward, context: Context<Native>, found: Found): Verdict {
  const because = [WHY[forward](found), whatRuns(context, found)];
  return { outcome: "miss", reason: forward, status: { fwd: forward }, because };
}

const WHY: Readonly<Record<Forward, (found: Found) => string>> = {
  "uri-miss": () => "Nothing is stored under this key.",
  "vary-miss": ({ vary }) =>
    `Responses are stored under this key, but none for this request's ${vary.join(", ")}.`,
  stale: () => "The stored response is stale.",
  request: () => "The stored response is fresh, but the client's Cache-Control does not accept it.",
};

function whatRuns<Native>({ request, policy, directives }: Context<Native>, { entry }: Found): string {
  const conditions = conditionsOf(validatedEntry(request, policy, entry)).map(([name]) => name);
  const described =
    conditions.length === 0 ? "The handler runs" : `The handler runs and sees ${conditions.join(" and ")}`;
  if (!policy.keeps)
    return `${described}; its response is shared with requests that come meanwhile, and not stored (store: false).`;
  const kept = directives.noStore
    ? "the client sent no-store, so nothing is stored."
    : "its response is stored unless something in it forbids that.";
  return `${described}; ${kept}`;
}

function alone<Native>(
  because: AloneReason,
  miss: Verdict,
  { scope }: Policy<Native>,
  refusal: () => Refusal | undefined,
): Verdict {
  if (because === "hit-for-miss") return uncacheable(miss, scope, refusal());
  if (because === "no-wait") return { ...miss, because: [RUNS_BESIDE, ...miss.because] };
  return miss;
}

function uncacheable(miss: Verdict, scope: Policy["scope"], reason: Refusal | undefined): Verdict {
  const words = reason && wordsOf(reason, scope);
  const why = reason === undefined ? "" : ` (${reason}${words === undefined ? "" : `: ${words[0]}`})`;
  const because = [
    `The last response for this key was not stored${why}. That is remembered for a while: requests do not wait for each other, and the handler runs for each.`,
  ];
  return { ...miss, reason: "uncacheable", because, ...(words === undefined ? {} : { remedy: words[1] }) };
}
