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

/** An updated entry, which is sent to the client, and whether it replaces the one in the store. */
export type Updated =
  | { readonly entry: Entry; readonly fate: "kept"; readonly refusal?: undefined }
  /** The one in the store is left as it was, or is dropped. */
  | { readonly entry: Entry; readonly fate: "left" | "dropped"; readonly refusal: Refusal | undefined };

/** Refusals that concern one client's response and say nothing about the stored one. */
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
 * Freshens an entry by a 304 or by a response to HEAD (RFC 9111 §3.2, §4.3.4, §4.3.5): its fields, its instants, from which
 * its `Age` follows, its tags and its variant. `stale` is the entry before.
 *
 * Whatever would forbid storing a response forbids keeping this one. So both are judged, the new message and the updated
 * response (hazard 35).
 */
export function updateStored(run: Run, head: HandlerHead, stale: Entry): Updated {
  const { parts, policy, request, noStore } = run;
  const now = parts.clock.now();
  const past = { storedAt: now, staleAt: now, deleteAt: now };
  const message = readHead({ ...head, status: stale.status });
  const isOfOne = isOfOneUser(message, policy, request);
  // A message for one user says nothing about the response for all (RFC 9111 §3.5).
  if (!isOfOne && isOfAnother(stale, head.fields))
    return { entry: { ...stale, ...past }, fate: "dropped", refusal: undefined };
  // A message without `Date` was made now. With the stored `Date` it would be as old as the stored response.
  const undated = withoutFields(stale.fields, ["date"]);
  const hasVary = fieldOf(head.fields, "vary") !== undefined;
  const news = storedFields(readHead(head), policy, undefined);
  // `news` always has the route's own `vary`; without a `Vary` in the message, the stored one stays.
  const merged = mergedFields(undated, hasVary ? news : withoutFields(news, ["vary"]));
  const making = mergedMaking(head, stale);
  const whole = wholeHead(head, stale, merged, making);
  // A stored field may imply a `Vary` for the new ones, and the other way round.
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

/**
 * Returns stored fields with those of a new message in place of the old ones, except for fields that describe the
 * content (RFC 9111 §3.2).
 */
export function mergedFields(stored: Fields, news: Fields): Fields {
  const kept = stored.filter(([name]) => OF_THE_CONTENT.has(name) || fieldOf(news, name) === undefined);
  return [...kept, ...news.filter(([name]) => !OF_THE_CONTENT.has(name))];
}

/** Returns the head of the updated response, as if the handler had sent it with its content. */
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

/** Returns which earlier fields a hit removes or adds to: for a field of the new message, as that message did. */
function mergedMaking({ fields, making }: HandlerHead, stale: Entry): Pick<Entry, "making"> {
  const stays = (name: string): boolean => fieldOf(fields, name) === undefined;
  const removed = new Set([...(stale.making?.removed ?? []).filter(stays), ...(making?.removed ?? [])]);
  const added = new Set([...(stale.making?.added ?? []).filter(stays), ...(making?.added ?? [])]);
  if (stale.making === undefined && removed.size === 0 && added.size === 0) return {};
  return { making: { ...stale.making, removed: [...removed], added: [...added] } };
}

/** Whether a message has the strong tag of another representation than the stored one (RFC 9111 §4.3.4). */
function isOfAnother(stale: Entry, news: Fields): boolean {
  const tag = parseEntityTag(combined(fieldOf(news, "etag")) ?? "");
  const stored = parseEntityTag(combined(fieldOf(stale.fields, "etag")) ?? "");
  return tag !== undefined && !tag.weak && stored !== undefined && tag.opaque !== stored.opaque;
}
