import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Decision, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import { probe } from "../explain/dry-run.ts";
import type { Findings } from "../explain/explanation.ts";
import { startRefresh } from "../fill/background-refresh.ts";
import { FillRun } from "../fill/fill.ts";
import { headRun } from "../fill/head-fill.ts";
import { put } from "../fill/put-by-hand.ts";
import type { RunParts } from "../fill/run.ts";
import { Remembered } from "../flight/bounded-memory.ts";
import { Flights } from "../flight/flights.ts";
import type { Flight } from "../flight/flights.ts";
import { Backoff } from "../flight/refresh-backoff.ts";
import { isDueEarly } from "../freshness/early-refresh.ts";
import { isFresh } from "../freshness/freshness.ts";
import { servesOnError, servesWhileRevalidating } from "../freshness/stale-windows.ts";
import { Fence } from "../invalidation/purge-fence.ts";
import { isUnsafe } from "../invalidation/unsafe-methods.ts";
import type { StoreCalls } from "../lookup/guarded-store.ts";
import { Lookup } from "../lookup/lookup.ts";
import type { Found } from "../lookup/lookup.ts";
import { HitFields, staleFields } from "../reply/hit-fields.ts";
import { Responder, selectionOf } from "../reply/representation.ts";
import { bypassReason } from "../request/bypass-reason.ts";
import { keyOf, keyParts, variantOf } from "../request/cache-key.ts";
import type { Key } from "../request/cache-key.ts";
import { demandsOf } from "../request/directives.ts";
import { bypass, passUnsafe, refuseToAsk } from "./bypass.ts";
import { landed } from "./collapsed.ts";
import { flightKeyOf, named, planOf, runsAlone } from "./context.ts";
import type { Passage } from "./context.ts";
import { patienceLeft, PATIENT, spanOf, withLearned } from "./wait-budget.ts";
import type { Patience } from "./wait-budget.ts";

/** Of how many keys it is known which route asked for them first. */
const MOST_MET = 1000;

/**
 * The order of the stations: the only file that knows it.
 *
 * request, policy, key, lookup, freshness; then either respond, or coalesce, fill and respond. With a store that
 * answers at once the whole way of a hit is synchronous.
 */
export class Exchange {
  readonly #parts: RunParts;
  readonly #lookup: Lookup;
  readonly #hits: HitFields;
  /** Whether something stored has been purged, though the store may still answer it. */
  readonly #isOutdated: (entry: Entry) => boolean;

  /** By which route a key of its own function was asked for first. */
  readonly #met: Remembered<{ readonly policy: Policy; readonly selector: string }>;

  constructor(parts: Omit<RunParts, "flights" | "backoff" | "fence" | "responder">) {
    const fence = new Fence();
    this.#met = new Remembered(parts.digest, MOST_MET);
    this.#parts = {
      ...parts,
      flights: new Flights(parts.digest),
      backoff: new Backoff(parts.digest),
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
      return passUnsafe(this.#parts, request, policy);
    if (reason !== undefined) return bypass(this.#parts, policy, reason);
    const key = keyOf(request, policy, this.#parts.digest);
    if (key === undefined) return bypass(this.#parts, policy, "content");
    if (policy.key !== undefined) this.#meet(key, policy);
    const header = (name: string): string | undefined => request.header(name);
    const passage = {
      request,
      policy,
      key,
      demands: demandsOf(request, policy),
      choose: (vary: readonly string[]) => variantOf(key.selector, vary, header),
    };
    return this.#approach(passage, PATIENT);
  }

  /** Finds what `begin` would decide, and changes nothing; `store` hears of its own failures. */
  probe<Native>(
    request: RequestRecord<Native>,
    policy: Policy<Native>,
    store: StoreCalls,
  ): MaybePromise<Findings> {
    return probe({ ...this.#parts, store }, request, policy);
  }

  /** Removes what is stored of a resource, and keeps fills under way from storing; answers how many entries it were. */
  remove(resource: string): MaybePromise<number> {
    const removal = this.#parts.store.delete(resource);
    this.#parts.fence.purge(resource, removal);
    return removal;
  }

  /** Does so for everything; answers whether the store was cleared. */
  clear(): MaybePromise<boolean> {
    const { fence, flights, backoff, store } = this.#parts;
    fence.purgeAll();
    flights.forgetAll();
    backoff.forgetAll();
    return store.clear();
  }

  /** Puts an entry in the place of all that its resource has; answers whether it is there in the end. */
  put(entry: Entry): Promise<boolean> {
    return put(this.#parts, entry);
  }

  /** Tells where two routes have met on one key of their own functions: what they store is each other's. */
  #meet(key: Key, policy: Policy): void {
    const known = this.#met.get(key.resource);
    if (known === undefined) return this.#met.set(key.resource, { policy, selector: key.selector });
    if (known.policy !== policy && known.policy.name !== policy.name && known.selector === key.selector)
      this.#parts.met(known.policy, policy, keyParts(key.resource, key.selector).named ?? "");
  }

  #approach<Native>(passage: Passage<Native>, patience: Patience): MaybePromise<Decision> {
    const { clock } = this.#parts;
    const now = clock.now();
    const found = this.#lookup.find(passage.key.resource, passage.choose, now, passage.policy);
    if (found instanceof Promise)
      return found.then((read) => this.#decide(passage, withLearned(read, patience), patience, clock.now()));
    return this.#decide(passage, withLearned(found, patience), patience, now);
  }

  #decide<Native>(
    passage: Passage<Native>,
    found: Found,
    patience: Patience,
    now: number,
  ): MaybePromise<Decision> {
    const { request, policy, demands } = passage;
    const { entry } = found;
    if (entry !== undefined && demands.accepts(entry, now)) {
      if (!demands.noStore && isDueEarly(entry, now, policy.earlyRefresh, this.#parts.random))
        this.#refresh(passage, found, now);
      return this.#serve(passage, entry, now, "hit");
    }
    if (demands.onlyIfCached) return refuseToAsk(this.#parts, policy, named(this.#parts, passage, found));
    if (entry !== undefined && this.#mayBeStale(passage, entry, now)) {
      if (servesWhileRevalidating(entry, now) && !demands.wantsFresh) {
        this.#refresh(passage, found, now);
        return this.#serve(passage, entry, now, "stale");
      }
      if (patience.turns > 0 && servesOnError(entry, now))
        return this.#refreshOrServe(passage, found, entry, patience, now);
    }
    // HEAD never writes an entry of its own, so there is nothing to lead or to wait for (hazard 8).
    if (request.method === "HEAD") {
      const plan = planOf(passage, found, now);
      const key = named(this.#parts, passage, found);
      if (plan.stale === undefined || plan.noStore) return bypass(this.#parts, policy, "head", key);
      this.#parts.count("miss");
      return headRun(this.#parts, plan, plan.stale, key);
    }
    const run = (flight: Flight | undefined, isUncacheable: boolean): Decision =>
      new FillRun(this.#parts, planOf(passage, found, now), { flight, isUncacheable, isBackground: false });
    if (demands.noStore || runsAlone(request, policy, entry, now)) return run(undefined, false);
    const { flights } = this.#parts;
    const flightKey = flightKeyOf(passage, found);
    if (flights.isUncacheable(flightKey, now)) return run(undefined, true);
    const flight = flights.find(flightKey);
    if (flight === undefined)
      return run(
        flights.lead(flightKey, false, request.isHeld && (() => request.isHeld?.() === true)),
        false,
      );
    if (patience.turns === 0) return run(undefined, false);
    return this.#wait(passage, found, flight, patience, now) ?? run(undefined, false);
  }

  /** Whether an entry that is not fresh may be served at all: refreshing it has to be possible. */
  #mayBeStale<Native>({ request, demands }: Passage<Native>, entry: Entry, now: number): boolean {
    return request.refresh !== undefined && !isFresh(entry, now) && demands.allowsStale(entry, now);
  }

  /** Runs the handler without this client, unless it is running for this key or has failed not long ago. */
  #refresh<Native>(passage: Passage<Native>, found: Found, now: number): Flight | undefined {
    const { request } = passage;
    if (request.refresh === undefined) return undefined;
    const plan = planOf(passage, found, now);
    return startRefresh(this.#parts, plan, (fill) => request.refresh?.(fill));
  }

  /** Asks the handler, without this client, and serves what is stale in the place of an error (RFC 5861 §4). */
  #refreshOrServe<Native>(
    passage: Passage<Native>,
    found: Found,
    entry: Entry,
    patience: Patience,
    now: number,
  ): MaybePromise<Decision> {
    const { flights, backoff } = this.#parts;
    const flightKey = flightKeyOf(passage, found);
    // What was not storable a moment ago is asked for by each client itself.
    if (flights.isUncacheableAnswer(flightKey, now))
      return this.#approach(passage, { ...patience, turns: 0 });
    const started = this.#refresh(passage, found, now);
    const flight = started ?? flights.find(flightKey);
    const isLeader = started !== undefined;
    const waiting = flight && this.#wait(passage, found, flight, patience, now, { stale: entry, isLeader });
    const because = backoff.holds(flightKey, now) ? "failed" : "timeout";
    return waiting ?? this.#serve(passage, entry, now, "stale", because);
  }

  /**
   * Waits for another run; undefined where there is no patience or no room left to wait. `stale` is what may be served
   * in its place, `isLeader` the request for which it was started.
   */
  #wait<Native>(
    passage: Passage<Native>,
    found: Found,
    flight: Flight,
    patience: Patience,
    now: number,
    { stale, isLeader = false }: { readonly stale?: Entry; readonly isLeader?: boolean } = {},
  ): Promise<Decision> | undefined {
    const { policy } = passage;
    const span = spanOf(policy, patience, now, stale !== undefined);
    if (span.end <= now || flight.waiting >= policy.maxWaiters) return undefined;
    return flight.wait(this.#parts.clock, span.end - now).then((landing) => {
      const { kind } = landing;
      const decided = landed(this.#parts, this.#hits, passage, found, flight, landing, isLeader);
      if (decided !== undefined) return decided;
      // Who might be served stale may have waited for less.
      if (kind === "late" && stale === undefined) flight.giveUp();
      const landedAt = this.#parts.clock.now();
      if ((kind === "failed" || kind === "late") && stale && this.#standsIn(passage, stale, landedAt))
        return this.#serve(passage, stale, landedAt, "stale", kind === "late" ? "timeout" : kind);
      return this.#approach(passage, patienceLeft(passage, patience, span, flight, landing, landedAt));
    });
  }

  /** Whether what is stale may still be served in the place of an error, after the request has waited for it. */
  #standsIn<Native>({ demands }: Passage<Native>, stale: Entry, now: number): boolean {
    const mayServe = servesOnError(stale, now) && demands.allowsStale(stale, now);
    return mayServe && !this.#isOutdated(stale);
  }

  /** Serves an entry; `because` is why, where it stands in the place of an answer that was asked for. */
  #serve<Native>(
    passage: Passage<Native>,
    entry: Entry,
    now: number,
    outcome: Outcome,
    because?: Refusal,
  ): Decision {
    const { request, policy } = passage;
    const { digest, responder } = this.#parts;
    const { fields, made } =
      because === undefined
        ? this.#hits.of(entry, policy, now)
        : { fields: staleFields(policy, entry, now, digest, because), made: undefined };
    this.#parts.count(outcome);
    const reply = responder.reply(entry, request.method, selectionOf(request), fields, made);
    return { kind: "serve", outcome, reply };
  }
}
