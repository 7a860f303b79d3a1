import { combined, fieldOf } from "../../http/fields.ts";
import { normaliseOrigin } from "../../http/origin.ts";
import { parseStringList } from "../../http/string-list.ts";
import { CacheError, misreturned, show } from "../contract/errors.ts";
import type { HandlerHead, Policy, RequestRecord } from "../contract/request-and-policy.ts";

/** What tags are invalidated: one, or several. */
export type Tagged = { readonly tag: string } | { readonly tags: readonly string[] };

/**
 * Answers what a response is tagged with: what its route says and, where unsafe requests invalidate, the groups of its
 * origin that it names in `Cache-Groups` (RFC 9875 §2). Throws `ERR_CACHE_TAGS` where a function answers no names.
 */
export function tagsOf(
  request: RequestRecord,
  head: HandlerHead,
  policy: Policy,
  origin: string,
): readonly string[] {
  const own =
    typeof policy.tags === "function" ? returnedTags(policy.tags, request, head, policy.route) : policy.tags;
  const groups = policy.invalidateOnUnsafe ? groupsIn(origin, head, "cache-groups") : [];
  return own.length + groups.length === 0 ? own : [...new Set([...own.map(ownTag), ...groups])];
}

/**
 * Answers the groups that a response to an unsafe request invalidates, of its own origin only (RFC 9875 §3). None where
 * the request failed.
 */
export function outdatedGroups(origin: string, head: HandlerHead): readonly string[] {
  return head.status < 200 || head.status > 399 ? [] : groupsIn(origin, head, "cache-group-invalidation");
}

function groupsIn(origin: string, head: HandlerHead, name: string): readonly string[] {
  const value = combined(fieldOf(head.fields, name));
  const groups = value === undefined ? undefined : parseStringList(value);
  return (groups ?? []).map((group) => groupTag(normaliseOrigin(origin), group));
}

function returnedTags(
  tags: Extract<Policy["tags"], (...given: never) => unknown>,
  request: RequestRecord,
  head: HandlerHead,
  route: string,
): readonly string[] {
  const header = (name: string): string | undefined => combined(fieldOf(head.fields, name.toLowerCase()));
  return checkedTags(tags(request.native as never, { status: head.status, header }), route);
}

/** The name under which an application's own tag is kept. */
function ownTag(tag: string): string {
  return `t|${tag}`;
}

/** The name under which a group of responses of one origin is kept: no other origin reaches it (RFC 9875 §2.1). */
function groupTag(origin: string, group: string): string {
  return `g|${origin.replace(/[%|]/g, encodeURIComponent)}|${group}`;
}

/** Answers the names that are invalidated. Throws `ERR_CACHE_TAGS` where they are none. */
export function taggedNames(which: Tagged): readonly string[] {
  const { tag, tags, ...rest } = which as { readonly tag?: unknown; readonly tags?: unknown };
  const names: unknown = tags === undefined ? [tag] : tag === undefined ? tags : undefined;
  if (Object.keys(rest).length === 0 && areTags(names)) return names.map(ownTag);
  throw new CacheError(
    "ERR_CACHE_TAGS",
    `cache.invalidate was given ${show(which)}; write a key, { tag: "users" } or { tags: ["users"] }`,
  );
}

/** Checks what a route's `tags` function returned. Throws `ERR_CACHE_TAGS` where it is no list of names. */
function checkedTags(names: unknown, route: string): readonly string[] {
  if (areTags(names)) return names;
  throw misreturned("ERR_CACHE_TAGS", { route, option: "tags", what: "a list of non-empty strings" }, names);
}

function areTags(names: unknown): names is readonly string[] {
  return Array.isArray(names) && Array.from(names).every((name) => typeof name === "string" && name !== "");
}
