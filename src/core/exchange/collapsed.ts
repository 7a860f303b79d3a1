import { isNotModified, notModifiedFields } from "../../http/conditional.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Reading } from "../contract/decisions.ts";
import type { Decision, RequestRecord } from "../contract/request-and-policy.ts";
import type { RunParts } from "../fill/run.ts";
import type { Flight, Flowing, Landing } from "../flight/flights.ts";
import { isFresh } from "../freshness/freshness.ts";
import type { Found } from "../lookup/lookup.ts";
import { forwardedFields } from "../reply/hit-fields.ts";
import type { HitFields } from "../reply/hit-fields.ts";
import { asksForRepresentation, hasContent, selectionOf } from "../reply/representation.ts";
import { forwardOf } from "./context.ts";
import type { Context } from "./context.ts";

/**
 * Answers a request with what a flight has for those who waited, if it has something that this request asks for:
 * its variant, its demands, and not purged meanwhile. `isLeader` is the request for which the flight was started.
 */
export function landed<Native>(
  { digest, clock, tags, count, responder }: RunParts,
  hits: HitFields,
  { policy, request, choose, directives }: Context<Native>,
  found: Found,
  flight: Flight,
  landing: Landing,
  isLeader: boolean,
): Decision | undefined {
  if (landing.kind !== "stored" && landing.kind !== "flowing") return undefined;
  const entry = landing.kind === "stored" ? landing.entry : landing.flowing.head;
  const now = clock.now();
  const isOutdated = tags.areOutdated(entry);
  // A stream may be longer than its lifetime: whoever comes next leads anew, and the others wait for that.
  if (isOutdated || !isFresh(entry, now)) flight.pass();
  // The leader takes what its own run brought, as it would without a cache: perhaps stale from the first moment on.
  const isAccepted = isLeader || directives.accepts(entry, now);
  if (choose(entry.vary) !== entry.variant || !isAccepted || isOutdated) {
    if (landing.kind === "flowing") void landing.content.return?.();
    return undefined;
  }
  const fwd = forwardOf(found, now);
  // Of a stream nobody knows yet whether it will be.
  const kept = landing.kind === "stored" && landing.isKept ? { stored: true } : {};
  const { fields: added, made } = isLeader
    ? { fields: forwardedFields(policy, entry, now, digest, { fwd, ...kept }), made: undefined }
    : hits.collapsed(entry, policy, now, fwd);
  const outcome = isLeader ? "miss" : "collapsed";
  count(outcome);
  if (landing.kind === "flowing") return followOf(request, landing.flowing, landing.content, added);
  const reply = responder.reply(entry, request.method, selectionOf(request), added, made);
  return { kind: "serve", outcome, reply };
}

/**
 * Answers a request with a response whose content is still on its way: `added` says so.
 *
 * A client that has the response already is told so at once (RFC 9110 §13.2.1). A range is not cut from what is not
 * whole: the whole is a right answer as well (RFC 9110 §14.2).
 */
export function followOf(
  request: RequestRecord,
  { head, length }: Flowing,
  content: Reading,
  added: Fields,
): Decision {
  const { status, fields, storedAt, making } = head;
  const outcome = "collapsed";
  const said = fields.filter(([name]) => fieldOf(added, name) === undefined);
  const validators = {
    etag: combined(fieldOf(fields, "etag")),
    lastModified: combined(fieldOf(fields, "last-modified")),
    date: storedAt,
  };
  if (
    status === 200 &&
    asksForRepresentation(request.method) &&
    isNotModified(selectionOf(request), validators)
  ) {
    void content.return?.();
    const reply = { status: 304, fields: [...notModifiedFields(fields), ...added], body: undefined, making };
    return { kind: "serve", outcome, reply };
  }
  const sized: Fields = length === undefined ? [] : [["content-length", length]];
  const all: Fields = [...said, ...sized, ...added];
  if (request.method === "HEAD" || !hasContent(status)) {
    void content.return?.();
    return { kind: "serve", outcome, reply: { status, fields: all, body: undefined, making } };
  }
  return { kind: "follow", outcome, status, fields: all, making, content, isCut: () => content.isCut() };
}
