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
import { hasContent, selectionOf } from "../reply/representation.ts";
import type { Responder } from "../reply/representation.ts";
import { forwardOf } from "./context.ts";
import type { Context } from "./context.ts";
import type { Course } from "./decide.ts";
import { taggedEntry } from "./parts.ts";

/** One wait for the run of a handler. */
export interface Wait extends Pick<Extract<Course, { readonly kind: "wait" }>, "flight" | "span" | "stale"> {
  /** Whether the run was started in the background for this request. */
  readonly isLeader: boolean;
}

/**
 * Serves what a flight has for those who waited. Returns undefined where it has nothing for this request: its response
 * is another variant, does not satisfy the client, or was purged meanwhile.
 */
export function serveLanding<Native>(
  { digest, clock, tags, count, responder }: RunParts,
  hits: HitFields,
  { policy, request, choose, directives }: Context<Native>,
  found: Found,
  { flight, isLeader }: Wait,
  landing: Landing,
): Decision | undefined {
  if (landing.kind !== "stored" && landing.kind !== "flowing") return undefined;
  const now = clock.now();
  const entry = landing.kind === "stored" ? landing.entry : landing.flowing.head;
  const current = taggedEntry(tags, entry, now, policy);
  const isPurged = current === undefined;
  // A stream may take longer than its lifetime: then the next request leads, and the others wait for that run.
  if (isPurged || !isFresh(current, now)) flight.pass();
  // The leader takes what its own run brought, as it would without a cache, even if that is stale from the start.
  const isAccepted = isLeader || (!isPurged && directives.accepts(current, now));
  if (choose(entry.vary) !== entry.variant || !isAccepted || isPurged) {
    letGo(landing);
    return undefined;
  }
  const fwd = forwardOf(found, now);
  // Whether a stream is stored is known at its end only.
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
 * Serves a response whose content is still coming, with the fields in `added`.
 *
 * A client that has the response already is told so at once (RFC 9110 §13.2.1). A request for a range is sent the whole,
 * which is a right response as well (RFC 9110 §14.2): no range is cut from a content that is not complete.
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
  if (request.method === "HEAD" || !hasContent(status)) {
    void content.return?.();
    const reply = { status, fields: all, body: undefined, making };
    return { kind: "serve", outcome, reply: telling(reply, unlessSet) };
  }
  const isCut = (): boolean => content.isCut();
  return { kind: "follow", outcome, status, fields: all, unlessSet, making, content, isCut };
}
