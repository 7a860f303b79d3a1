import { fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import { asError } from "../contract/errors.ts";
import type { Outcome } from "../contract/outcomes.ts";
import type { Decision, RequestRecord } from "../contract/request-and-policy.ts";
import type { RunParts } from "../fill/run.ts";
import type { Landing } from "../flight/flights.ts";
import { ageOf, isFresh } from "../freshness/freshness.ts";
import type { Found } from "../lookup/lookup.ts";
import { telling, toldToClient } from "../reply/client-cache-control.ts";
import { forwardedFields } from "../reply/hit-fields.ts";
import type { HitFields } from "../reply/hit-fields.ts";
import { allowsContent, selectionOf } from "../reply/representation.ts";
import type { Responder } from "../reply/representation.ts";
import { forwardOf } from "./context.ts";
import type { Context } from "./context.ts";
import type { Course } from "./decide.ts";
import { markedEntry } from "./parts.ts";

/** One wait for the run of a handler. */
export interface Wait extends Pick<Extract<Course, { readonly kind: "wait" }>, "flight" | "span" | "stale"> {
  /** Whether the run was started in the background for this request. */
  readonly isLeader: boolean;
}

/**
 * Returns the decision for a request that has waited for a flight. Undefined if the landing has nothing for it: no response,
 * another variant, one that the client does not accept, or one that was purged meanwhile.
 */
export function serveLanding<Native>(
  { digest, clock, ledger, count, responder }: RunParts,
  hits: HitFields,
  { policy, request, choose, directives, arrivedAt }: Context<Native>,
  found: Found,
  { flight, isLeader }: Wait,
  landing: Landing,
): Decision | undefined {
  if (landing.kind !== "stored" && landing.kind !== "flowing") return undefined;
  const now = clock.now();
  const entry = landing.kind === "stored" ? landing.entry : landing.flowing.head;
  const { leaderArrivedAt } = flight;
  const current = markedEntry(ledger, entry, now, policy, leaderArrivedAt);
  // Its leader may have read before a write that this request came after.
  const isOlder =
    !isLeader &&
    arrivedAt > leaderArrivedAt &&
    ledger.hasChanged(entry, ledger.at(leaderArrivedAt), ledger.by(arrivedAt), leaderArrivedAt);
  const isPurged = current === undefined || isOlder;
  // A stream may outlive its own lifetime. Then the next request leads, and the others wait for that run.
  if (isPurged || !isFresh(current, now)) flight.close();
  // The leader accepts the response of its own run even if that is stale from the start, as without a cache.
  const isAccepted = isLeader || (!isPurged && directives.accepts(current, now));
  if (choose(entry.vary) !== entry.variant || !isAccepted || isPurged) {
    letGo(landing);
    return undefined;
  }
  const fwd = forwardOf(found, now);
  // Only at its end is it known whether a stream is stored.
  const kept = landing.kind === "stored" && landing.isKept ? { stored: true } : {};
  const additions = (): Additions =>
    isLeader
      ? {
          fields: forwardedFields(policy, entry, now, digest, { fwd, ...kept }),
          unlessSet: toldToClient(policy, entry, ageOf(entry, now)),
        }
      : hits.collapsed(entry, policy, now, fwd);
  const { fields: added, unlessSet, made } = unless(() => letGo(landing), additions);
  const outcome = isLeader ? "miss" : "collapsed";
  count(outcome);
  if (landing.kind === "flowing") return follow(responder, request, landing, outcome, added, unlessSet);
  const reply = responder.reply(entry, request.method, selectionOf(request), added, made);
  return { kind: "serve", outcome, reply: telling(reply, unlessSet) };
}

/** What is added to a shared response for one request. */
type Additions = Pick<ReturnType<HitFields["collapsed"]>, "fields" | "unlessSet"> &
  Partial<ReturnType<HitFields["collapsed"]>>;

/** Calls `make`, which may call a function of the route; if that throws, `undo` is called. */
function unless<Made>(undo: () => void, make: () => Made): Made {
  try {
    return make();
  } catch (thrown) {
    undo();
    throw asError(thrown);
  }
}

/** Stops reading content that is still coming. */
function letGo(landing: Landing): void {
  if (landing.kind === "flowing") void landing.content.return?.();
}

/**
 * Returns the decision to send a response whose content is still coming, with the fields in `added`.
 *
 * A matching condition leads to a 304 at once (RFC 9110 §13.2.1). A range is ignored, which is always allowed
 * (RFC 9110 §14.2), because content that is not complete cannot be cut.
 */
function follow(
  responder: Responder,
  request: RequestRecord,
  { flowing: { head, length }, content }: Extract<Landing, { readonly kind: "flowing" }>,
  outcome: Outcome,
  added: Fields,
  unlessSet: Fields | undefined,
): Decision {
  const { status, fields, making } = head;
  const notModified = responder.notModified(head, request.method, selectionOf(request), added);
  if (notModified !== undefined) {
    void content.return?.();
    return { kind: "serve", outcome, reply: telling(notModified, unlessSet) };
  }
  const kept = fields.filter(([name]) => fieldOf(added, name) === undefined);
  const sized: Fields = length === undefined ? [] : [["content-length", length]];
  const all: Fields = [...kept, ...sized, ...added];
  if (request.method === "HEAD" || !allowsContent(status)) {
    void content.return?.();
    const reply = { status, fields: all, body: undefined, making };
    return { kind: "serve", outcome, reply: telling(reply, unlessSet) };
  }
  const isCut = (): boolean => content.isCut();
  return { kind: "follow", outcome, status, fields: all, unlessSet, making, content, isCut };
}
