import { LONGEST_TAG, MOST_TAGS, parseCacheTag } from "../../http/cache-tag.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import { normalizeOrigin } from "../../http/origin.ts";
import { parseStringList } from "../../http/structured-fields.ts";
import { misreturned } from "../contract/errors.ts";
import type { HandlerHead, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { areTags } from "./handler-tags.ts";
import { groupName, tagName } from "./names.ts";

/**
 * Returns the tags of a response: those of its route, those that its handler added, those in its `Cache-Tag` and, with
 * `invalidateOnUnsafe`, the groups in its `Cache-Groups` (RFC 9875 §2).
 *
 * Returns undefined if `Cache-Tag` is malformed, a tag is too long or there are too many: without all its tags, a response
 * would outlive its invalidation. Throws `ERR_CACHE_TAGS` if a `tags` function does not return a list of non-empty strings.
 */
export function tagsOf(
  request: RequestRecord,
  head: HandlerHead,
  policy: Policy,
  origin: string,
): readonly string[] | undefined {
  const ofRoute =
    typeof policy.tags === "function" ? returnedTags(policy.tags, request, head, policy.route) : policy.tags;
  const field = combined(fieldOf(head.fields, CACHE_TAG));
  const inField = field === undefined ? [] : parseCacheTag(field);
  if (inField === undefined) return undefined;
  const own = [...ofRoute, ...(head.tags ?? []), ...inField];
  const groups = policy.invalidateOnUnsafe ? groupsIn(origin, head, "cache-groups") : [];
  if (own.length + groups.length === 0) return own;
  const names = new Set(own);
  if (names.size > MOST_TAGS || own.some((tag) => tag.length > LONGEST_TAG)) return undefined;
  return [...Array.from(names, tagName), ...groups];
}

/** The field in which handlers tell CDNs the tags of a response. */
export const CACHE_TAG = "cache-tag";

/** Returns the tags of a stored response as the application wrote them, without groups. */
export function ownTagsOf({ names }: Pick<Entry, "names">): readonly string[] {
  return names.filter((name) => name.startsWith("t|")).map((name) => name.slice(2));
}

/** Returns whether a message has tags of its own: its handler added some, or it has `Cache-Tag`. */
export function hasTags({ tags = [], fields }: HandlerHead): boolean {
  return tags.length > 0 || fieldOf(fields, CACHE_TAG) !== undefined;
}

/**
 * Returns the groups of the same origin that a response to an unsafe request invalidates (RFC 9875 §3). None if the request
 * failed.
 */
export function outdatedGroups(origin: string, head: HandlerHead): readonly string[] {
  return head.status < 200 || head.status > 399 ? [] : groupsIn(origin, head, "cache-group-invalidation");
}

function groupsIn(origin: string, head: HandlerHead, name: string): readonly string[] {
  const value = combined(fieldOf(head.fields, name));
  const groups = value === undefined ? undefined : parseStringList(value);
  return (groups ?? []).map((group) => groupName(normalizeOrigin(origin), group));
}

function returnedTags(
  tags: Extract<Policy["tags"], (...given: never) => unknown>,
  request: RequestRecord,
  head: HandlerHead,
  route: string,
): readonly string[] {
  const header = (name: string): string | undefined => combined(fieldOf(head.fields, name.toLowerCase()));
  return checkedTags(
    tags(request.native as never, { status: head.status, header }, ...((request.rest ?? []) as never[])),
    route,
  );
}

function checkedTags(names: unknown, route: string): readonly string[] {
  if (areTags(names)) return names;
  throw misreturned("ERR_CACHE_TAGS", { route, option: "tags", what: "a list of non-empty strings" }, names);
}
