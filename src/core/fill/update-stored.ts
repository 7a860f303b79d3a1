import { parseEntityTag } from "../../http/etag.ts";
import { combined, fieldOf, withoutFields } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { HandlerHead, Head } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { withoutWindows } from "../freshness/stale-windows.ts";
import { hasTags, ownTagsOf } from "../invalidation/tags.ts";
import { readHead } from "../storing/response-head.ts";
import { isOfOneUser } from "../storing/storable.ts";
import { storedFields, variesBy } from "../storing/stored-fields.ts";
import { headRefusal, judge, learnFrom } from "./judge.ts";
import { variantIn } from "./run.ts";
import type { Run } from "./run.ts";

/** A stored response as it is sent from now on, and what becomes of the one in the store. */
export type Updated =
  | { readonly entry: Entry; readonly fate: "kept"; readonly refusal?: undefined }
  /** What was stored stays as it was, or is removed. */
  | { readonly entry: Entry; readonly fate: "left" | "dropped"; readonly refusal: Refusal | undefined };

/** Refusals that are about one client and its response, and tell nothing about the stored one. */
const OF_ONE_CLIENT: ReadonlySet<Refusal> = new Set(["credentials", "set-cookie"]);

/** Fields that are taken from the new message only, never from the stored one. */
const OF_ONE_MESSAGE: ReadonlySet<string> = new Set(["age", "date", "set-cookie"]);

/** Fields that describe the stored content, which a 304 does not replace (RFC 9111 §3.2). */
const OF_THE_CONTENT: ReadonlySet<string> = new Set([
  "content-digest",
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
  "digest",
  "etag",
  "repr-digest",
]);

/**
 * Freshens a stored response by a 304, or by a response to HEAD (RFC 9111 §3.2, §4.3.4, §4.3.5).
 *
 * What forbids storing a response forbids keeping one: the new message alone may forbid it, and so may what it makes of
 * the stored one (hazard 35). The new fields may tell variants apart that the old did not.
 */
export function updateStored(run: Run, head: HandlerHead, stale: Entry): Updated {
  const { parts, policy, request, noStore } = run;
  const now = parts.clock.now();
  const past = { storedAt: now, staleAt: now, deleteAt: now };
  const message = readHead({ ...head, status: stale.status });
  const isOfOne = isOfOneUser(message, policy, request);
  // A message to one user tells nothing of what all may see, nor that it has changed (RFC 9111 §3.5).
  if (!isOfOne && isOfAnother(stale, head.fields))
    return { entry: { ...stale, ...past }, fate: "dropped", refusal: undefined };
  // Without a `Date` of its own the message is of now; the stored one would make it as old as what it freshens.
  const undated = withoutFields(stale.fields, ["date"]);
  const hasVary = fieldOf(head.fields, "vary") !== undefined;
  const news = storedFields(readHead(head), policy, undefined);
  // The stored `Vary` has what the route declares already, beside what its handler sent.
  const merged = mergedFields(undated, hasVary ? news : withoutFields(news, ["vary"]));
  const making = mergedMaking(head, stale);
  const whole = wholeHead(head, stale, merged, making);
  // What the message implies may follow from a stored field, and the other way round.
  const varies = variesBy(whole, policy);
  const fields =
    varies === undefined ? merged : [...withoutFields(merged, ["vary"]), ["vary", varies] as const];
  const judgement = isOfOne ? "credentials" : (headRefusal(run, message) ?? judge(run, whole));
  learnFrom(run, whole, judgement);
  if (typeof judgement === "string") {
    const fate = noStore || OF_ONE_CLIENT.has(judgement) ? "left" : "dropped";
    return { entry: { ...stale, ...making, fields, ...past }, fate, refusal: judgement };
  }
  const entry = { ...withoutWindows(stale), ...making, fields, ...variantIn(run, whole), ...judgement };
  return { entry, fate: "kept" };
}

/** Stored fields as a 304 or a response to HEAD freshens them (RFC 9111 §3.2). */
export function mergedFields(stored: Fields, news: Fields): Fields {
  const kept = stored.filter(([name]) => OF_THE_CONTENT.has(name) || fieldOf(news, name) === undefined);
  return [...kept, ...news.filter(([name]) => !OF_THE_CONTENT.has(name))];
}

/** The head of the response as it would be stored from now on, beside the fields of earlier middleware. */
function wholeHead(
  head: HandlerHead,
  stale: Entry,
  fields: Fields,
  making: Pick<HandlerHead, "making">,
): Head {
  const { earlier } = head;
  return readHead({
    ...making,
    // A handler that sends 304 early may not have come to the place where it adds tags.
    tags: hasTags(head) ? head.tags : ownTagsOf(stale),
    status: stale.status,
    fields: [
      ...fields.filter(([name]) => !OF_ONE_MESSAGE.has(name)),
      ...head.fields.filter(([name]) => OF_ONE_MESSAGE.has(name)),
    ],
    ...(earlier === undefined ? {} : { earlier }),
  });
}

/** Which earlier fields are removed, and added to, from now on: for a field of the new message, as that message does. */
function mergedMaking({ fields, making }: HandlerHead, stale: Entry): Pick<Entry, "making"> {
  const stays = (name: string): boolean => fieldOf(fields, name) === undefined;
  const removed = new Set([...(stale.making?.removed ?? []).filter(stays), ...(making?.removed ?? [])]);
  const added = new Set([...(stale.making?.added ?? []).filter(stays), ...(making?.added ?? [])]);
  if (stale.making === undefined && removed.size === 0 && added.size === 0) return {};
  return { making: { ...stale.making, removed: [...removed], added: [...added] } };
}

/** Whether a message names, by a strong tag, another representation than the stored one (RFC 9111 §4.3.4). */
function isOfAnother(stale: Entry, news: Fields): boolean {
  const tag = parseEntityTag(combined(fieldOf(news, "etag")) ?? "");
  const stored = parseEntityTag(combined(fieldOf(stale.fields, "etag")) ?? "");
  return tag !== undefined && !tag.weak && stored !== undefined && tag.opaque !== stored.opaque;
}
