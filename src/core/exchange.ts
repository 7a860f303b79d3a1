import { bypassReason } from "./bypass.ts";
import { Flights } from "./coalesce.ts";
import type { Flight, Landing } from "./coalesce.ts";
import type { Refusal } from "./events.ts";
import { demandsOf } from "./demands.ts";
import type { Demands } from "./demands.ts";
import { Fence } from "./fence.ts";
import { FillRun } from "./exchange/fill.ts";
import { PassRun } from "./exchange/pass.ts";
import { headRun } from "./exchange/told-by-head.ts";
import { isUnsafe, outdated } from "./unsafe.ts";
import { outdatedGroups } from "./tagging.ts";
import { askedAgain, flightName, forwardOf, knownVary, runsAlone } from "./exchange/forward.ts";
import { HitFields, collapsedFields } from "./exchange/hit-fields.ts";
import { probe } from "./exchange/probe.ts";
import type { Findings } from "./explain.ts";
import { keyOf, variantOf } from "./key.ts";
import type { Key } from "./key.ts";
import { Lookup } from "./lookup.ts";
import type { Found } from "./lookup.ts";
import { Responder, selectionOf } from "./respond.ts";
import type { RunParts, RunPlan } from "./exchange/run.ts";
import { statusFields, statusKey } from "./status.ts";
import type { Named } from "./status.ts";
import type { Entry, MaybePromise } from "./store.ts";
import type { StoreCalls } from "./store-calls.ts";
import type { Decision, Policy, RequestRecord } from "./types.ts";

/** How often a request takes its place in a queue again after a leader went away, before it runs by itself. */
const MOST_TURNS = 3;

/** How long those who wait for one leader wait before another one leads. */
const PATIENCE_MS = 10_000;

/** How long a resource whose response could not be shared is run by everyone for himself. */
const REMEMBER_UNCACHEABLE_MS = 120_000;

/** One request on its way, with what the stations found. */
interface Passage<Native> {
  readonly request: RequestRecord<Native>;
  readonly policy: Policy<Native>;
  readonly key: Key;
  readonly demands: Demands;
  readonly choose: (vary: readonly string[]) => string;
}

/**
 * The order of the stations: the only file that knows it.
 *
 * request, policy, key, lookup, freshness; then either respond, or coalesce, fill and respond. With a store that
 * answers at once the whole way is synchronous.
 */
export class Exchange {
  readonly #parts: RunParts;
  readonly #lookup: Lookup;
  readonly #hits: HitFields;

  constructor(parts: Omit<RunParts, "flights" | "fence" | "responder">) {
    this.#parts = {
      ...parts,
      flights: new Flights(REMEMBER_UNCACHEABLE_MS),
      fence: new Fence(),
      responder: new Responder(),
    };
    const isOutdated = (entry: Entry): boolean => parts.tags.areOutdated(entry);
    this.#lookup = new Lookup(parts.store, () => parts.store.distrust(), isOutdated);
    this.#hits = new HitFields(parts.digest);
  }

  /**
   * Decides one request: `serve` an answer that is at hand, `fill` by running the handler, or `bypass` the cache.
   * Throws `ERR_CACHE_KEY` or `ERR_CACHE_SCOPE` where the route's own functions do not answer a name.
   */
  begin<Native>(request: RequestRecord<Native>, policy: Policy<Native>): MaybePromise<Decision> {
    const reason = bypassReason(request, policy);
    if (reason === "method" && policy.invalidateOnUnsafe && isUnsafe(request.method))
      return this.#passUnsafe(request, policy);
    if (reason !== undefined) return this.#bypass(policy, reason);
    const key = keyOf(request, policy, this.#parts.digest);
    if (key === undefined) return this.#bypass(policy, "content");
    const header = (name: string): string | undefined => request.header(name);
    const passage = {
      request,
      policy,
      key,
      demands: demandsOf(request, policy),
      choose: (vary: readonly string[]) => variantOf(key.selector, vary, header),
    };
    return this.#approach(passage, MOST_TURNS);
  }

  /** Finds what `begin` would decide, and changes nothing; `store` hears of its own failures. */
  probe<Native>(
    request: RequestRecord<Native>,
    policy: Policy<Native>,
    store: StoreCalls,
  ): MaybePromise<Findings> {
    return probe({ ...this.#parts, store }, request, policy);
  }

  /** Keeps fills that are under way from storing what a purge of this resource removes. */
  purge(resource: string): void {
    this.#parts.fence.purge(resource);
  }

  /** The same for everything. */
  purgeAll(): void {
    this.#parts.fence.purgeAll();
  }

  #approach<Native>(passage: Passage<Native>, turns: number): MaybePromise<Decision> {
    const { clock } = this.#parts;
    const now = clock.now();
    const found = this.#lookup.find(passage.key.resource, passage.choose, now);
    if (found instanceof Promise)
      return found.then((read) => this.#decide(passage, read, turns, clock.now()));
    return this.#decide(passage, found, turns, now);
  }

  #decide<Native>(
    passage: Passage<Native>,
    found: Found,
    turns: number,
    now: number,
  ): MaybePromise<Decision> {
    const { request, policy, key, choose, demands } = passage;
    const { entry } = found;
    if (entry !== undefined && demands.accepts(entry, now)) return this.#serve(passage, entry, now, false);
    if (demands.onlyIfCached) return this.#refuseToAsk(policy, this.#named(passage, found));
    const { flights } = this.#parts;
    const flightKey = flightName(key.resource, choose(knownVary(found, policy)));
    const forward = forwardOf(found, now);
    const plan: RunPlan = {
      request,
      policy,
      key,
      vary: found.vary,
      forward,
      flightKey,
      flight: undefined,
      isUncacheable: false,
      stale: askedAgain(request, policy, entry),
      noStore: demands.noStore,
      askedAt: now,
    };
    // HEAD never writes an entry of its own, so there is nothing to lead or to wait for (hazard 8).
    if (request.method === "HEAD") return this.#head(plan, this.#named(passage, found));
    const run = (flight: Flight | undefined, isUncacheable: boolean): Decision =>
      new FillRun(this.#parts, { ...plan, flight, isUncacheable });
    if (demands.noStore || runsAlone(request, policy, entry, now)) return run(undefined, false);
    if (flights.isUncacheable(flightKey, now)) return run(undefined, true);
    if (turns === 0) return run(undefined, false);
    const flight = flights.find(flightKey);
    if (flight === undefined) return run(flights.lead(flightKey), false);
    return flight.wait(this.#parts.clock, PATIENCE_MS).then((landing) => this.#land(passage, landing, turns));
  }

  #land<Native>(passage: Passage<Native>, landing: Landing, turns: number): MaybePromise<Decision> {
    if (landing.kind === "again") return this.#approach(passage, turns - 1);
    const now = this.#parts.clock.now();
    if (
      landing.kind === "stored" &&
      passage.choose(landing.entry.vary) === landing.entry.variant &&
      passage.demands.accepts(landing.entry, now) &&
      !this.#parts.tags.areOutdated(landing.entry)
    ) {
      return this.#serve(passage, landing.entry, now, true);
    }
    // What the leader got is not for others, or is another variant: each runs at once, and none waits again.
    return this.#approach(passage, 0);
  }

  #named<Native>({ policy, key, choose }: Passage<Native>, found: Found): Named {
    return statusKey(policy, key.resource, choose(knownVary(found, policy)), this.#parts.digest);
  }

  #serve<Native>(passage: Passage<Native>, entry: Entry, now: number, collapsed: boolean): Decision {
    const { request, policy } = passage;
    const outcome = collapsed ? "collapsed" : "hit";
    const hit = collapsed ? undefined : this.#hits.of(entry, policy, now);
    const added = hit?.fields ?? collapsedFields(policy, entry, now, this.#parts.digest);
    this.#parts.count(outcome);
    return {
      kind: "serve",
      outcome,
      reply: this.#parts.responder.reply(entry, request.method, selectionOf(request), added, hit?.made),
    };
  }

  /** Lets an unsafe request through, and removes what its success outdates. */
  #passUnsafe<Native>(request: RequestRecord<Native>, policy: Policy<Native>): Decision {
    this.#parts.count("bypass");
    this.#parts.refused(policy.route, "method");
    return new PassRun(policy, { fwd: "method", detail: "method" }, (head) => {
      if (head === undefined) return;
      for (const resource of outdated(request, head, policy)) {
        this.#parts.fence.purge(resource);
        void this.#parts.store.delete(resource);
      }
      this.#parts.tags.invalidate(outdatedGroups(request, head));
    });
  }

  /** Lets a HEAD through that no entry answers; what it tells of a stale entry is heeded (RFC 9111 §4.3.5). */
  #head(plan: RunPlan, key: Named): Decision {
    if (plan.stale === undefined || plan.noStore) return this.#bypass(plan.policy, "head", key);
    this.#parts.count("miss");
    return headRun(this.#parts, plan, plan.stale, key);
  }

  /** Nothing stored satisfies a client that wants nothing else (RFC 9111 §5.2.1.7). */
  #refuseToAsk<Native>(policy: Policy<Native>, key: Named): Decision {
    this.#parts.count("bypass");
    const fields = statusFields(policy, { detail: "only-if-cached", ...key }, undefined);
    const reply = { status: 504, fields: [["content-length", "0"] as const, ...fields], body: undefined };
    return { kind: "serve", outcome: "bypass", reply };
  }

  #bypass<Native>(policy: Policy<Native>, reason: Refusal, key: Named = {}): Decision {
    // A HEAD that found nothing is a plain miss; all else was never looked up.
    const outcome = reason === "head" ? "miss" : "bypass";
    const fwd = reason === "method" ? "method" : reason === "head" ? "uri-miss" : "bypass";
    this.#parts.count(outcome);
    this.#parts.refused(policy.route, reason);
    return {
      kind: "bypass",
      outcome,
      reason,
      fields: statusFields(policy, { fwd, detail: reason, ...key }, undefined),
    };
  }
}
