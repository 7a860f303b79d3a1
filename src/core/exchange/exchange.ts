import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Decision, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import { startRefresh } from "../fill/background-refresh.ts";
import { HandlerRun } from "../fill/handler-run.ts";
import { headFill } from "../fill/head-fill.ts";
import { put } from "../fill/put-by-hand.ts";
import type { RunParts } from "../fill/run.ts";
import { unsafeFill } from "../fill/unsafe-fill.ts";
import { BoundedMemory } from "../flight/bounded-memory.ts";
import { Flights } from "../flight/flights.ts";
import type { Flight } from "../flight/flights.ts";
import { RefreshBackoff } from "../flight/refresh-backoff.ts";
import { isDueEarly } from "../freshness/early-refresh.ts";
import { isFresh } from "../freshness/freshness.ts";
import { servesOnError, servesWhileRevalidating } from "../freshness/stale-windows.ts";
import { PurgeFence } from "../invalidation/purge-fence.ts";
import { isUnsafe } from "../invalidation/unsafe-methods.ts";
import { Lookup } from "../lookup/lookup.ts";
import type { Found } from "../lookup/lookup.ts";
import { HitFields, staleFields } from "../reply/hit-fields.ts";
import { Responder, selectionOf } from "../reply/representation.ts";
import { bypassReason } from "../request/bypass-reason.ts";
import { keyOf, keyParts, variantOf } from "../request/cache-key.ts";
import type { Key } from "../request/cache-key.ts";
import { directivesOf } from "../request/directives.ts";
import { bypass, refuseToAsk } from "./bypass.ts";
import { landed } from "./collapsed.ts";
import { flightKeyOf, named, planOf, runsAlone } from "./context.ts";
import type { Context } from "./context.ts";
import { budgetLeft, FULL_BUDGET, spanOf, withLearned } from "./wait-budget.ts";
import type { WaitBudget } from "./wait-budget.ts";

/** Of how many keys it is known which route asked for them first. */
const MOST_MET = 1000;

/**
 * The order of the stations: the only file that knows it.
 *
 * request, policy, key, lookup, freshness; then either respond, or coalesce, fill and respond. With a store that
 * answers at once the whole way of a hit is synchronous.
 */
export class Exchange {
  /** What every run of a handler needs of its cache. */
  readonly parts: RunParts;
  readonly #lookup: Lookup;
  readonly #hits: HitFields;
  /** Whether something stored has been purged, though the store may still answer it. */
  readonly #isOutdated: (entry: Entry) => boolean;

  /** By which route a key of its own function was asked for first. */
  readonly #met: BoundedMemory<{ readonly policy: Policy; readonly selector: string }>;

  constructor(parts: Omit<RunParts, "flights" | "backoff" | "fence" | "responder">) {
    const fence = new PurgeFence();
    this.#met = new BoundedMemory(parts.digest, MOST_MET);
    this.parts = {
      ...parts,
      flights: new Flights(parts.digest),
      backoff: new RefreshBackoff(parts.digest),
      fence,
      responder: new Responder(),
    };
    this.#isOutdated = (entry) =>
      fence.isRemoving(entry.key) || (entry.tags !== undefined && parts.tags.areOutdated(entry));
    this.#lookup = new Lookup(parts.store, () => parts.store.distrust(), this.#isOutdated);
    this.#hits = new HitFields(parts.digest);
  }

  /**
   * Decides one request: `serve` an answer that is at hand, `follow` one that is on its way, `fill` by running the
   * handler, or `bypass` the cache. Throws `ERR_CACHE_KEY` or `ERR_CACHE_SCOPE` where the route's own functions do not
   * answer a name.
   */
  begin<Native>(request: RequestRecord<Native>, policy: Policy<Native>): MaybePromise<Decision> {
    const reason = bypassReason(request, policy);
    if (reason === "method" && policy.invalidateOnUnsafe && isUnsafe(request.method))
      return unsafeFill(this.parts, request, policy);
    if (reason !== undefined) return bypass(this.parts, policy, reason);
    const key = keyOf(request, policy, this.parts.digest);
    if (key === undefined) return bypass(this.parts, policy, "content");
    if (policy.key !== undefined) this.#meet(key, policy);
    const header = (name: string): string | undefined => request.header(name);
    const context = {
      request,
      policy,
      key,
      directives: directivesOf(request, policy),
      choose: (vary: readonly string[]) => variantOf(key.selector, vary, header),
    };
    return this.#approach(context, FULL_BUDGET);
  }

  /** Removes what is stored of a resource, and keeps fills under way from storing; answers how many entries it were. */
  remove(resource: string): MaybePromise<number> {
    const removal = this.parts.store.delete(resource);
    this.parts.fence.purge(resource, removal);
    return removal;
  }

  /** Does so for everything; answers whether the store was cleared. */
  clear(): MaybePromise<boolean> {
    const { fence, flights, backoff, store } = this.parts;
    fence.purgeAll();
    flights.forgetAll();
    backoff.forgetAll();
    return store.clear();
  }

  /** Puts an entry in the place of all that its resource has; answers whether it is there in the end. */
  put(entry: Entry): Promise<boolean> {
    return put(this.parts, entry);
  }

  /** Tells where two routes have met on one key of their own functions: what they store is each other's. */
  #meet(key: Key, policy: Policy): void {
    const known = this.#met.get(key.resource);
    if (known === undefined) return this.#met.set(key.resource, { policy, selector: key.selector });
    if (known.policy !== policy && known.policy.name !== policy.name && known.selector === key.selector)
      this.parts.met(known.policy, policy, keyParts(key.resource, key.selector).named ?? "");
  }

  #approach<Native>(context: Context<Native>, budget: WaitBudget): MaybePromise<Decision> {
    const { clock } = this.parts;
    const now = clock.now();
    const found = this.#lookup.find(context.key.resource, context.choose, now, context.policy);
    if (found instanceof Promise)
      return found.then((read) => this.#decide(context, withLearned(read, budget), budget, clock.now()));
    return this.#decide(context, withLearned(found, budget), budget, now);
  }

  #decide<Native>(
    context: Context<Native>,
    found: Found,
    budget: WaitBudget,
    now: number,
  ): MaybePromise<Decision> {
    const { request, policy, directives } = context;
    const { entry } = found;
    if (entry !== undefined && directives.accepts(entry, now)) {
      if (!directives.noStore && isDueEarly(entry, now, policy.earlyRefresh, this.parts.random))
        this.#refresh(context, found, now);
      return this.#serve(context, entry, now, "hit");
    }
    if (directives.onlyIfCached) return refuseToAsk(this.parts, policy, named(this.parts, context, found));
    if (entry !== undefined && this.#mayBeStale(context, entry, now)) {
      if (servesWhileRevalidating(entry, now) && !directives.wantsFresh) {
        this.#refresh(context, found, now);
        return this.#serve(context, entry, now, "stale");
      }
      if (budget.turns > 0 && servesOnError(entry, now))
        return this.#refreshOrServe(context, found, entry, budget, now);
    }
    // HEAD never writes an entry of its own, so there is nothing to lead or to wait for (hazard 8).
    if (request.method === "HEAD") {
      const plan = planOf(context, found, now);
      const key = named(this.parts, context, found);
      if (plan.stale === undefined || plan.noStore) return bypass(this.parts, policy, "head", key);
      this.parts.count("miss");
      return headFill(this.parts, plan, plan.stale, key);
    }
    const run = (flight: Flight | undefined, isHitForMiss: boolean): Decision =>
      new HandlerRun(this.parts, planOf(context, found, now), { flight, isHitForMiss, isBackground: false });
    if (directives.noStore || runsAlone(request, policy, entry, now)) return run(undefined, false);
    const { flights } = this.parts;
    const flightKey = flightKeyOf(context, found);
    if (flights.isHitForMiss(flightKey, now)) return run(undefined, true);
    const flight = flights.find(flightKey);
    if (flight === undefined)
      return run(
        flights.lead(flightKey, false, request.isHeld && (() => request.isHeld?.() === true)),
        false,
      );
    if (budget.turns === 0) return run(undefined, false);
    return this.#wait(context, found, flight, budget, now) ?? run(undefined, false);
  }

  /** Whether an entry that is not fresh may be served at all: refreshing it has to be possible. */
  #mayBeStale<Native>({ request, directives }: Context<Native>, entry: Entry, now: number): boolean {
    return request.refresh !== undefined && !isFresh(entry, now) && directives.allowsStale(entry, now);
  }

  /** Runs the handler without this client, unless it is running for this key or has failed not long ago. */
  #refresh<Native>(context: Context<Native>, found: Found, now: number): Flight | undefined {
    const { request } = context;
    if (request.refresh === undefined) return undefined;
    const plan = planOf(context, found, now);
    return startRefresh(this.parts, plan, (fill) => request.refresh?.(fill));
  }

  /** Asks the handler, without this client, and serves what is stale in the place of an error (RFC 5861 §4). */
  #refreshOrServe<Native>(
    context: Context<Native>,
    found: Found,
    entry: Entry,
    budget: WaitBudget,
    now: number,
  ): MaybePromise<Decision> {
    const { flights, backoff } = this.parts;
    const flightKey = flightKeyOf(context, found);
    // What was not storable a moment ago is asked for by each client itself.
    if (flights.isHitForMissAnswer(flightKey, now)) return this.#approach(context, { ...budget, turns: 0 });
    const started = this.#refresh(context, found, now);
    const flight = started ?? flights.find(flightKey);
    const isLeader = started !== undefined;
    const waiting = flight && this.#wait(context, found, flight, budget, now, { stale: entry, isLeader });
    const because = backoff.holds(flightKey, now) ? "failed" : "timeout";
    return waiting ?? this.#serve(context, entry, now, "stale", because);
  }

  /**
   * Waits for another run; undefined where there is no patience or no room left to wait. `stale` is what may be served
   * in its place, `isLeader` the request for which it was started.
   */
  #wait<Native>(
    context: Context<Native>,
    found: Found,
    flight: Flight,
    budget: WaitBudget,
    now: number,
    { stale, isLeader = false }: { readonly stale?: Entry; readonly isLeader?: boolean } = {},
  ): Promise<Decision> | undefined {
    const { policy } = context;
    const span = spanOf(policy, budget, now, stale !== undefined);
    if (span.end <= now || flight.waiting >= policy.maxWaiters) return undefined;
    return flight.wait(this.parts.clock, span.end - now).then((landing) => {
      const { kind } = landing;
      const decided = landed(this.parts, this.#hits, context, found, flight, landing, isLeader);
      if (decided !== undefined) return decided;
      // Who might be served stale may have waited for less.
      if (kind === "timeout" && stale === undefined) flight.giveUp();
      const landedAt = this.parts.clock.now();
      if ((kind === "failed" || kind === "timeout") && stale && this.#standsIn(context, stale, landedAt))
        return this.#serve(context, stale, landedAt, "stale", kind);
      return this.#approach(context, budgetLeft(context, budget, span, flight, landing, landedAt));
    });
  }

  /** Whether what is stale may still be served in the place of an error, after the request has waited for it. */
  #standsIn<Native>({ directives }: Context<Native>, stale: Entry, now: number): boolean {
    const mayServe = servesOnError(stale, now) && directives.allowsStale(stale, now);
    return mayServe && !this.#isOutdated(stale);
  }

  /** Serves an entry; `because` is why, where it stands in the place of an answer that was asked for. */
  #serve<Native>(
    context: Context<Native>,
    entry: Entry,
    now: number,
    outcome: Outcome,
    because?: Refusal,
  ): Decision {
    const { request, policy } = context;
    const { digest, responder } = this.parts;
    const { fields, made } =
      because === undefined
        ? this.#hits.of(entry, policy, now)
        : { fields: staleFields(policy, entry, now, digest, because), made: undefined };
    this.parts.count(outcome);
    const reply = responder.reply(entry, request.method, selectionOf(request), fields, made);
    return { kind: "serve", outcome, reply };
  }
}
