import { MOST_TAGS } from "../../http/cache-tag.ts";
import { CacheError, show } from "../contract/errors.ts";

/** What a handler has added to one response. */
interface HandlerTags {
  readonly tags: Set<string>;
  /** Whether the head of the response was read: it has its tags. */
  isRead: boolean;
}

/** Registered, so that two copies of the package share it. */
const REGISTRY: unique symbol = Symbol.for("caching-route.handler-tags") as never;

/** The tags of responses that are being made, by an object of the framework that belongs to one response. */
function registry(): WeakMap<object, HandlerTags> {
  const shared = globalThis as { [REGISTRY]?: WeakMap<object, HandlerTags> };
  return (shared[REGISTRY] ??= new WeakMap());
}

/**
 * Adds tags to the response that a handler is making. `holder` is an object of the framework that belongs to this response
 * alone, such as its reply, or undefined if the application gave something else; `first` is what to give instead. Without
 * a cache that calls {@link takeTags} it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `holder` is undefined, if `tags` is not a list of non-empty strings, or if the tags were taken
 * already.
 *
 * @example
 * export function cacheTags(ctx: Context, tags: readonly string[]): void {
 *   addTags(isContext(ctx) ? ctx : undefined, tags, "the context: cacheTags(ctx, tags)");
 * }
 */
export function addTags(holder: object | undefined, tags: readonly string[], first: string): void {
  if (holder === undefined)
    throw new CacheError(
      "ERR_CACHE_TAGS",
      `cacheTags: the first argument is ${first}; something else was given`,
    );
  if (!areTags(tags)) {
    throw new CacheError(
      "ERR_CACHE_TAGS",
      `cacheTags was given ${show(tags)} as tags; write a list of non-empty strings, such as ["users"]`,
    );
  }
  const known = registry().get(holder) ?? { tags: new Set(), isRead: false };
  if (known.isRead) {
    throw new CacheError(
      "ERR_CACHE_TAGS",
      `cacheTags was called with ${show(tags)} after the response had begun; call it before anything is sent`,
    );
  }
  // One too many is enough for the response not to be stored.
  for (const tag of tags) if (known.tags.size <= MOST_TAGS) known.tags.add(tag);
  registry().set(holder, known);
}

/** Returns the tags that a handler has added to its response, whose head is being read. From now on it may add no more. */
export function takeTags(holder: object): readonly string[] | undefined {
  const known = registry().get(holder);
  if (known === undefined) {
    registry().set(holder, { tags: new Set(), isRead: true });
    return undefined;
  }
  known.isRead = true;
  return [...known.tags];
}

/** Whether a value is a list of non-empty strings. */
export function areTags(names: unknown): names is readonly string[] {
  return Array.isArray(names) && Array.from(names).every((name) => typeof name === "string" && name !== "");
}
