import type { Fields } from "../../http/fields.ts";

/** A value, or a promise of it. A value that is returned at once is never awaited. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * How a handler wrote a response, as far as a hit has to repeat it: frameworks send different headers for text than for
 * bytes, and for a written stream than for a whole body.
 *
 * All members are absent in the usual case: a whole body of bytes with its `Content-Length`, whose fields replace those of
 * earlier middleware or leave them alone.
 */
export interface Making {
  /** The content was passed as text in this encoding. */
  readonly textIn?: "utf8" | "utf-8" | "latin1";
  /** The content was written in parts before the end. */
  readonly isParted?: boolean;
  /** How many bytes of it were passed to the final `end` call. Set once the content has ended. */
  endBytes?: number;
  /** The head was written before the content. */
  readonly isHeadFirst?: boolean;
  /** The handler set no `Content-Length`. */
  readonly isUnsized?: boolean;
  /** Fields of earlier middleware that the handler removed, or replaced instead of adding to: lower-case names. */
  readonly removed?: readonly string[];
  /** Fields of earlier middleware that the handler added lines to, which are among its own fields: lower-case names. */
  readonly added?: readonly string[];
}

/**
 * One stored response.
 *
 * Instants are epoch milliseconds, and `staleAt` and `deleteAt` may be `Infinity`. An entry is never modified, so a store
 * may keep it by reference.
 */
export interface Entry {
  /** The resource: the primary cache key (RFC 9111 §2). Any text. */
  readonly key: string;
  /** The variant of the resource: the secondary key, made from the fields in `vary` (RFC 9111 §4.1). Any text. */
  readonly variant: string;
  /** The request fields that select a variant of the resource: lower-case names. */
  readonly vary: readonly string[];
  /** The status code: 200 to 599, except 206 and 304. */
  readonly status: number;
  /** The handler's fields, without those that are never stored, and with an `ETag`. */
  readonly fields: Fields;
  /** The whole content, encoded in the stored `Content-Encoding`. */
  readonly body: Uint8Array;
  /** When the origin made the response: the time of receipt less its age then (RFC 9111 §4.2.3). */
  readonly storedAt: number;
  /** When the entry becomes stale (RFC 9111 §4.2). */
  readonly staleAt: number;
  /** When the entry is of no more use: the core ignores it from then on, and a store may drop it. */
  readonly deleteAt: number;
  /** Until when it may be served stale while it is refreshed (RFC 5861 §3). Absent: it may not. */
  readonly staleWhileRevalidateUntil?: number;
  /** Until when it may be served stale in place of an error (RFC 5861 §4). Absent: it may not. */
  readonly staleIfErrorUntil?: number;
  /** How long the handler took, in ms. Present if the route has `earlyRefresh`. */
  readonly fillMs?: number;
  /** How the handler wrote it. Absent: in the usual way. */
  readonly making?: Making;
  /** What invalidations may call it, in the core's own encoding: its tags, its route, its URL and more. May be empty. */
  readonly names: readonly string[];
  /** The position of the last invalidation that was known when the run of its handler began. */
  readonly began: number;
}

/** Returns the name of the variant that a request selects, given the resource's `vary` list. */
export type ChooseVariant = (vary: readonly string[]) => string;

/** The size of a store. */
export interface StoreStats {
  /** The number of entries. */
  readonly entries: number;
  /** Their size in bytes, by the store's own estimate. */
  readonly bytes: number;
  /** How many entries it dropped to stay within its bounds. */
  readonly evictions: number;
}

/**
 * Where entries are kept.
 *
 * A resource has one `vary` list and, under it, variants. Each method may return a value or a promise. A method that throws,
 * rejects or exceeds `storeTimeout` never fails a request: it counts as a miss and is reported to `onError`.
 *
 * @example
 * const resources = new Map<string, { vary: readonly string[]; variants: Map<string, Entry> }>();
 * const store: Store = {
 *   name: "map",
 *   shared: false,
 *   get(key, choose) {
 *     const resource = resources.get(key);
 *     return resource?.variants.get(choose(resource.vary));
 *   },
 *   set(entry) {
 *     const known = resources.get(entry.key);
 *     const isSame = known !== undefined && known.vary.join() === entry.vary.join();
 *     const variants = isSame ? known.variants : new Map<string, Entry>();
 *     resources.set(entry.key, { vary: entry.vary, variants: variants.set(entry.variant, entry) });
 *   },
 *   delete(key) {
 *     const count = resources.get(key)?.variants.size ?? 0;
 *     resources.delete(key);
 *     return count;
 *   },
 *   clear: () => resources.clear(),
 * };
 */
export interface Store {
  /** The store's name in error messages. Not empty. */
  readonly name: string;
  /** Whether several processes see the same entries, at one time or one after the other. */
  readonly shared: boolean;
  /**
   * Returns the entry of `key` whose variant `choose` returns for the resource's `vary` list, or undefined. Calls `choose`
   * once if the resource exists, otherwise not at all. An error of `choose` is passed on.
   */
  get(key: string, choose: ChooseVariant): MaybePromise<Entry | undefined>;
  /**
   * Keeps an entry under `entry.key` and `entry.variant`, in place of any earlier one. If `entry.vary` differs from the
   * resource's list, the resource's earlier variants are removed first.
   *
   * Returns `false` if the entry is not kept, for example because it is too large; then no older entry may remain in its
   * place. Any other value means that it is kept.
   */
  set(entry: Entry): MaybePromise<boolean | void>;
  /** Removes a resource with all its variants. Returns how many entries were removed. */
  delete(key: string): MaybePromise<number>;
  /** Removes everything that this cache stored. */
  clear(): MaybePromise<void>;
  /** Optional. Returns the store's current size. */
  stats?(): StoreStats;
}
