import type { Outcome, Refusal } from "../contract/outcomes.ts";
import type { Decision, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry, MaybePromise } from "../contract/store.ts";
import { HandlerRun, startRefresh } from "../fill/handler-run.ts";
import { headFill } from "../fill/head-fill.ts";
import { unsafeFill } from "../fill/pass-fill.ts";
import { putByHand } from "../fill/put-by-hand.ts";
import { removeResources } from "../fill/remove.ts";
import type { RunParts } from "../fill/run.ts";
import { BoundedMemory } from "../flight/bounded-memory.ts";
import type { Flight } from "../flight/flights.ts";
import { ageOf } from "../freshness/freshness.ts";
import { servesOnError } from "../freshness/stale-windows.ts";
import type { Removal } from "../invalidation/mark-sender.ts";
import { isUnsafe } from "../invalidation/unsafe-methods.ts";
import type { Found, Lookup } from "../lookup/lookup.ts";
import { telling, toldToClient } from "../reply/client-cache-control.ts";
import { HitFields, staleFields } from "../reply/hit-fields.ts";
import { selectionOf } from "../reply/representation.ts";
import { bypassReason } from "../request/bypass-reason.ts";
import { keyOf, keyParts } from "../request/cache-key.ts";
import type { Key } from "../request/cache-key.ts";
import { bypass, unsatisfied } from "./bypass.ts";
import { serveLanding } from "./collapsed.ts";
import type { Wait } from "./collapsed.ts";
import { contextOf, planOf, statusKeyOf } from "./context.ts";
import type { Context } from "./context.ts";
import { decide } from "./decide.ts";
import type { Course } from "./decide.ts";
import { findIn, lookupIn, patienceOf, storedEntry } from "./parts.ts";
import { budgetLeft, FULL_BUDGET, withLearned } from "./wait-budget.ts";
import type { WaitBudget } from "./wait-budget.ts";

/** For how many keys the first route is remembered. */
const MOST_KEYS = 1000;

/**
 * The order of the stages: key, lookup, decision, and the act that the decision names.
 *
 * Nothing is awaited unless a store returns a promise or the request waits for a run, so a hit from memory is
 * synchronous.
 */
export class Exchange {
  readonly #parts: RunParts;
  readonly #lookup: Lookup;
  readonly #hits: HitFields;
  /** The first route that used a key of its own `key` function. */
  readonly #firstRoutes: BoundedMemory<{ readonly policy: Policy; readonly selector: string }>;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#lookup = lookupIn(parts.store, parts);
    this.#hits = new HitFields(parts.digest);
    this.#firstRoutes = new BoundedMemory(parts.digest, MOST_KEYS);
  }

  /**
   * Decides what happens to one request: `serve` a response, `follow` one whose content is coming, `fill` by running the
   * handler, or `bypass` the cache. Throws `ERR_CACHE_KEY`, `ERR_CACHE_SCOPE` or `ERR_CACHE_ORIGIN` if a function of the
   * route returns anything but a non-empty string.
   */
  begin<Native>(request: RequestRecord<Native>, policy: Policy<Native>): MaybePromise<Decision> {
    const reason = bypassReason(request, policy);
    // As without a cache: nothing is counted, reported or added to the response.
    if (reason === "disabled") return { kind: "bypass", outcome: "bypass", reason, fields: [] };
    if (reason === "method" && policy.invalidateOnUnsafe && isUnsafe(request.method))
      return unsafeFill(this.#parts, request, policy);
    if (reason !== undefined) return bypass(this.#parts, policy, reason);
    const key = keyOf(request, policy, this.#parts.digest);
    if (key === undefined) return bypass(this.#parts, policy, "content");
    if (policy.key !== undefined) this.#reportSameKey(key, policy);
    const { arrivedAt = this.#parts.arrival() } = request;
    const patience = this.#parts.log && patienceOf(this.#parts.readMs);
    return this.#look(contextOf(request, policy, key, arrivedAt, patience), FULL_BUDGET);
  }

  /** Reports two routes whose `key` functions return the same key, so that they share entries. */
  #reportSameKey(key: Key, policy: Policy): void {
    const known = this.#firstRoutes.get(key.resource);
    if (known === undefined) return this.#firstRoutes.set(key.resource, { policy, selector: key.selector });
    if (known.policy !== policy && known.policy.name !== policy.name && known.selector === key.selector)
      this.#parts.sameKey(known.policy, policy, keyParts(key.resource, key.selector).named ?? "");
  }

  #look<Native>(
    context: Context<Native>,
    budget: WaitBudget,
    needsBody = !this.#parts.store.isShared || !rarelyNeedsBody(context.request),
  ): MaybePromise<Decision> {
    const { clock } = this.#parts;
    const now = clock.now();
    const found = findIn(this.#lookup, context, now, needsBody);
    if (found instanceof Promise) return found.then((read) => this.#act(context, read, budget, clock.now()));
    return this.#act(context, found, budget, now);
  }

  #act<Native>(
    context: Context<Native>,
    read: Found,
    budget: WaitBudget,
    now: number,
  ): MaybePromise<Decision> {
    // A request that has waited may know more than the store.
    const found = budget.vary === undefined ? read : withLearned(read, budget);
    const course = decide(context, found, budget, now, this.#parts);
    if (found.isBare && !this.#isEnough(context, stored(found), course))
      return this.#look(context, budget, true);
    switch (course.kind) {
      case "hit":
      case "stale":
        if (course.refreshes) this.#refresh(context, found, now);
        return this.#serve(context, found, now, course.kind);
      case "stand-in":
        if (course.refreshes) this.#refresh(context, found, now);
        return this.#serve(context, found, now, "stale", course.because);
      case "unsatisfied":
        return unsatisfied(this.#parts, context.policy, statusKeyOf(this.#parts, context, found));
      case "head":
        return this.#head(context, found, now, course.updates);
      case "alone":
      case "lead":
        return this.#run(context, found, now, course);
      case "ask-first": {
        const flight = this.#refresh(context, found, now);
        const wait = { flight, span: course.span, stale: stored(found), isLeader: true };
        return this.#wait(context, found, budget, now, wait);
      }
      case "wait":
        return this.#wait(context, found, budget, now, { ...course, isLeader: false });
    }
  }

  /** Whether an entry without its content is enough for a course. A refresh may need the content for the handler's 304. */
  #isEnough<Native>({ request }: Context<Native>, bare: Entry, course: Course): boolean {
    switch (course.kind) {
      case "unsatisfied":
        return true;
      case "hit":
      case "stale":
      case "stand-in":
        return (
          !course.refreshes &&
          this.#parts.responder.needsNoContent(bare, request.method, selectionOf(request))
        );
      default:
        return false;
    }
  }

  /** Serves an entry. `because` is why, where it stands in for the response that was asked for. */
  #serve<Native>(
    context: Context<Native>,
    found: Pick<Found, "entry" | "remembered">,
    now: number,
    outcome: Outcome,
    because?: Refusal,
  ): Decision {
    const { request, policy } = context;
    const { digest, responder } = this.#parts;
    const entry = stored(found);
    const { remembered = entry } = found;
    const { fields, unlessSet, made } =
      because === undefined
        ? this.#hits.of(entry, policy, now, this.#parts.log?.isBlind, remembered)
        : {
            fields: staleFields(policy, entry, now, digest, because),
            unlessSet: toldToClient(policy, entry, ageOf(entry, now)),
            made: undefined,
          };
    this.#parts.count(outcome);
    const reply = responder.reply(entry, request.method, selectionOf(request), fields, made, remembered);
    return { kind: "serve", outcome, reply: telling(reply, unlessSet) };
  }

  /** Runs the handler in the background. */
  #refresh<Native>(context: Context<Native>, found: Found, now: number): Flight {
    const plan = planOf(context, found, now);
    return startRefresh(this.#parts, plan, (fill) => context.request.refresh?.(fill));
  }

  #head<Native>(context: Context<Native>, found: Found, now: number, updates: boolean): Decision {
    const key = statusKeyOf(this.#parts, context, found);
    if (!updates) return bypass(this.#parts, context.policy, "head", key);
    this.#parts.count("miss");
    return headFill(this.#parts, planOf(context, found, now), stored(found), key);
  }

  #run<Native>(
    context: Context<Native>,
    found: Found,
    now: number,
    course: Extract<Course, { readonly kind: "alone" | "lead" }>,
  ): Decision {
    const { request } = context;
    const plan = planOf(context, found, now);
    const isHeld = request.isHeld && (() => request.isHeld?.() === true);
    const flight =
      course.kind === "lead" ? this.#parts.flights.lead(plan.flightKey, false, isHeld) : undefined;
    const isHitForMiss = course.kind === "alone" && course.because === "hit-for-miss";
    return new HandlerRun(this.#parts, plan, { flight, isHitForMiss, isBackground: false });
  }

  /** Waits for a run. Where its landing has nothing for the request, the request is looked up again. */
  #wait<Native>(
    context: Context<Native>,
    found: Found,
    budget: WaitBudget,
    now: number,
    wait: Wait,
  ): Promise<Decision> {
    const { clock } = this.#parts;
    const { flight, span, stale } = wait;
    return flight.wait(clock, span.end - now).then((landing) => {
      const { kind } = landing;
      const decision = serveLanding(this.#parts, this.#hits, context, found, wait, landing);
      if (decision !== undefined) return decision;
      // A request that may be served stale may have waited for less than `maxWaitMs`.
      if (kind === "timeout" && stale === undefined) flight.giveUp();
      const landedAt = clock.now();
      if ((kind === "failed" || kind === "timeout") && stale && this.#standsIn(context, stale, landedAt))
        return this.#serve(context, { entry: stale }, landedAt, "stale", kind);
      return this.#look(context, budgetLeft(context, budget, span, flight, landing, landedAt));
    });
  }

  /** Whether a stale entry may still be served in place of an error, after the request has waited. */
  #standsIn<Native>({ directives, policy }: Context<Native>, stale: Entry, now: number): boolean {
    const mayServe = servesOnError(stale, now) && directives.allowsStale(stale, now);
    return mayServe && storedEntry(this.#parts, stale, now, policy) !== undefined;
  }

  /**
   * Removes a resource, and keeps fills that are under way from storing.
   */
  remove(resource: string): MaybePromise<Removal> {
    return removeResources(this.#parts, [resource]);
  }

  /** Removes everything, and keeps fills that are under way from storing. Returns whether the store was cleared. */
  clear(): MaybePromise<boolean> {
    const { fence, flights, backoff, store } = this.#parts;
    fence.purgeAll();
    flights.forgetAll();
    backoff.forgetAll();
    return store.clear();
  }

  /** Stores an entry that was put by hand. Returns whether it is stored in the end. */
  put(entry: Entry): Promise<boolean> {
    return putByHand(this.#parts, entry);
  }
}

/** Whether the response to a request has no content in the usual case. */
function rarelyNeedsBody(request: RequestRecord): boolean {
  return (
    request.method === "HEAD" ||
    request.header("if-none-match") !== undefined ||
    request.header("if-modified-since") !== undefined
  );
}

/** The found entry. `decide` returns no course that needs one without it. */
function stored({ entry }: Pick<Found, "entry">): Entry {
  return entry as Entry;
}
