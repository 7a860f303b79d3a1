import { LONGEST_TAG, MOST_TAGS, parseCacheTag } from "../../http/cache-tag.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import { normalizeOrigin } from "../../http/origin.ts";
import { parseStringList } from "../../http/structured-fields.ts";
import { CacheError, misreturned, show } from "../contract/errors.ts";
import { checkedOptions, invalid } from "../contract/options.ts";
import type { HandlerHead, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { areTags } from "./handler-tags.ts";
import { SoftMarks } from "./soft-marks.ts";

/**
 * The tags that `cache.invalidate` invalidates.
 *
 * @example
 * await cache.invalidate({ tags: ["users", "teams"] });
 */
export type Tagged = { readonly tag: string } | { readonly tags: readonly string[] };

/** How `cache.invalidate` invalidates tags. */
export interface Softly {
  /**
   * True: what is stored becomes stale, with the stale windows that it has, so that it can still stand in for errors.
   * False: it is gone. Default: false.
   */
  readonly soft?: boolean;
}

/** Returns whether to invalidate softly. Throws `ERR_CACHE_OPTION_INVALID` or `ERR_CACHE_OPTION_UNKNOWN` for wrong options. */
export function isSoft(how: unknown = {}): boolean {
  if ((how as { readonly namespace?: unknown } | null)?.namespace !== undefined) {
    throw new CacheError(
      "ERR_CACHE_OPTION_UNKNOWN",
      'cache.invalidate by tags: tags are those of all namespaces; write cache.invalidate({ tag: "users" })',
    );
  }
  const given = checkedOptions(how, "cache.invalidate by tags", {
    known: ["soft"],
    example: "{ soft: true }",
  });
  const [[, soft] = ["soft", false]] = given;
  if (typeof soft === "boolean") return soft;
  throw invalid("cache.invalidate by tags", "soft", soft, "true or false");
}

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
  return [...Array.from(names, ownTag), ...groups];
}

/** The field in which handlers tell CDNs the tags of a response. */
export const CACHE_TAG = "cache-tag";

/** Returns the tags of a stored response as the application wrote them, without groups. */
export function ownTagsOf({ tags = [] }: Tagging): readonly string[] {
  return tags.filter((name) => name.startsWith("t|")).map((name) => name.slice(2));
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
  return (groups ?? []).map((group) => groupTag(normalizeOrigin(origin), group));
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

/** Returns the stored name of an application's tag. */
export function ownTag(tag: string): string {
  return `t|${tag}`;
}

/** The stored name of a group, which no other origin can invalidate (RFC 9875 §2.1). */
function groupTag(origin: string, group: string): string {
  return `g|${origin.replace(/[%|]/g, encodeURIComponent)}|${group}`;
}

/** Returns the stored names of the tags to invalidate. Throws `ERR_CACHE_TAGS` for anything but {@link Tagged}. */
export function taggedNames(which: Tagged): readonly string[] {
  const { tag, tags, ...rest } = which as { readonly tag?: unknown; readonly tags?: unknown };
  const names: unknown = tags === undefined ? [tag] : tag === undefined ? tags : undefined;
  if (Object.keys(rest).length === 0 && areTags(names)) return names.map(ownTag);
  throw new CacheError(
    "ERR_CACHE_TAGS",
    `cache.invalidate was given ${show(which)}; write a key, { tag: "users" } or { tags: ["users"] }`,
  );
}

function checkedTags(names: unknown, route: string): readonly string[] {
  if (areTags(names)) return names;
  throw misreturned("ERR_CACHE_TAGS", { route, option: "tags", what: "a list of non-empty strings" }, names);
}

/** The tags of an entry, and when its fill began. */
export type Tagging = Pick<Entry, "tags" | "taggedAt">;

/** The limit of tags in characters per tag, so that long tags count more. */
const CHARACTERS_PER_TAG = 64;

/** The least time between an invalidation and anything before it: a fraction of a millisecond that a double can hold. */
const TICK_MS = 1 / 1024;

/**
 * Remembers when each tag was last invalidated. So an invalidation costs the same for one entry as for a million.
 *
 * An entry has the instant when its fill began. It is outdated if one of its tags was invalidated later, so a fill that began
 * earlier cannot store old data again (hazard 22).
 *
 * Memory is bounded. When a tag is forgotten, all tagged entries as old as its invalidation count as outdated; so do entries
 * from before this process. Forgetting invalidates too much, never too little (hazard 21).
 */
export class TagInvalidations {
  readonly #now: () => number;
  readonly #limit: number;
  readonly #invalidatedAt = new Map<string, number>();
  readonly #soft: SoftMarks;
  #characters = 0;
  #floor: number;
  #last: number;

  /** `now` may go back: outdated entries stay outdated. */
  constructor(now: () => number, limit = 100_000) {
    this.#now = now;
    this.#limit = limit;
    this.#soft = new SoftMarks(limit);
    this.#floor = this.#last = now();
  }

  /** Returns the instant for a fill that begins now: never before an earlier invalidation. */
  begin(): number {
    return (this.#last = Math.max(this.#last, this.#now()));
  }

  /** Outdates every entry with one of these tags whose fill has begun. */
  invalidate(tags: readonly string[]): void {
    this.#last = Math.max(this.#last + TICK_MS, this.#now());
    for (const tag of tags) {
      // The oldest invalidation stands first.
      if (!this.#invalidatedAt.delete(tag)) this.#characters += tag.length;
      this.#invalidatedAt.set(tag, this.#last);
    }
    for (const [tag, at] of this.#invalidatedAt) {
      if (this.#invalidatedAt.size <= this.#limit && this.#characters <= this.#limit * CHARACTERS_PER_TAG)
        break;
      this.#invalidatedAt.delete(tag);
      this.#characters -= tag.length;
      this.#floor = at;
    }
  }

  /** Outdates every tagged entry whose fill has begun. */
  invalidateAll(): void {
    this.invalidate([]);
    this.#floor = this.#last;
    this.#invalidatedAt.clear();
    this.#characters = 0;
    this.#soft.clear();
  }

  /** Makes every entry with one of these tags stale whose fill has begun. */
  soften(tags: readonly string[]): void {
    this.invalidate([]);
    this.#soft.add(tags, this.#last, this.#now());
  }

  /** Makes every tagged entry stale whose fill has begun. */
  softenAll(): void {
    this.invalidate([]);
    this.#soft.addToAll(this.#last, this.#now());
  }

  /** Returns since when an entry is stale by a soft invalidation, in epoch milliseconds. Undefined: it is not. */
  staleSince(tagging: Tagging): number | undefined {
    return this.#soft.staleSince(tagging);
  }

  /**
   * Returns whether the last invalidation of one of `tags`, hard or soft, came after `from` and not after `to`: what was read
   * at `from` must not be shown to who came at `to`.
   */
  haveChanged(tags: readonly string[] | undefined, from: number, to: number): boolean {
    if (tags === undefined || from >= to) return false;
    const before = { tags, taggedAt: from };
    const after = { tags, taggedAt: to };
    return (
      (this.areOutdated(before) && !this.areOutdated(after)) ||
      (this.staleSince(before) !== undefined && this.staleSince(after) === undefined)
    );
  }

  /** Returns whether one of an entry's tags was invalidated after its fill began. */
  areOutdated({ tags, taggedAt = -Infinity }: Tagging): boolean {
    if (tags === undefined) return false;
    if (taggedAt < this.#floor) return true;
    return tags.some((tag) => (this.#invalidatedAt.get(tag) ?? this.#floor) > taggedAt);
  }
}
