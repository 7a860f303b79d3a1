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

/**
 * An entry without its content.
 *
 * A store that reads heads from elsewhere should return the same object for the same bytes: what the core prepares for hits
 * is remembered by it.
 */
export interface EntryHead extends Omit<Entry, "body"> {
  /** The length of the content, in bytes. */
  readonly length: number;
}

/**
 * Returns the name of the variant that a request selects, given the resource's `vary` list. It is pure: a store may call it as
 * often as it likes, with a list that it only guesses, too.
 */
export type ChooseVariant = (vary: readonly string[]) => string;

/** What a lookup asks for. */
export interface Look {
  /** The `vary` list that a resource of this route last had. A store that guesses by it reads again where it is wrong. */
  readonly likely: readonly string[];
  /** Whether the content is needed. If not, a store may leave it out: HEAD and conditional requests rarely need it. */
  readonly body: boolean;
  /** The content coding of the body. Reserved: it is always absent, and the body is as it was set. */
  readonly coding?: string;
}

/** What a store has for a lookup. */
export interface Read {
  /** The `vary` list of the resource. */
  readonly vary: readonly string[];
  /** The head of the variant that `choose` returns for `vary`. Absent: there is no such variant. */
  readonly head?: EntryHead;
  /** Its content. May be absent if the lookup did not ask for it. */
  readonly body?: Uint8Array;
}

/** The size of a store. */
export interface StoreStats {
  /** The number of entries. */
  readonly entries: number;
  /** Their size in bytes, by the store's own estimate. */
  readonly bytes: number;
  /** How many entries it dropped to stay within its bounds. */
  readonly evictions: number;
}

/** One invalidation in a log: a name, and its place in the order of all of them. */
export interface Mark {
  /** What was invalidated, in the core's own encoding. */
  readonly name: string;
  /** Above that of all earlier marks. A whole number: microseconds of the server's clock, or more. */
  readonly position: number;
}

/**
 * A log of invalidations that all processes on a store see. Each name stands in it once, with its last position.
 *
 * Only the order of positions counts, so no process needs a right clock.
 */
export interface Marks {
  /** A page with fewer marks is the last. Default: 100. */
  readonly fullPage?: number;
  /**
   * Returns the marks at or after a position, in their order; of many, the first page, which has at least `fullPage`. It reads
   * from the primary. An empty list for position 0 means that there is no log.
   */
  read(from: number): MaybePromise<readonly Mark[]>;
  /**
   * Adds marks, each above `above` and above all others. Returns the last position. If there is no log, one is begun with a
   * mark of everything (`*`); without names nothing else happens.
   */
  add(names: readonly string[], above: number): MaybePromise<number>;
}

/** Names that one process at a time can hold. */
export interface Leases {
  /**
   * Takes a name for `ms` milliseconds. `mine`: it is taken. `held`: another token has it. `alone`: its last holder released
   * it with that verdict.
   */
  acquire(name: string, token: string, ms: number): MaybePromise<"mine" | "held" | "alone">;
  /** Holds a name for `ms` milliseconds more. Returns false if the token has lost it. */
  renew(name: string, token: string, ms: number): MaybePromise<boolean>;
  /** Gives a name back, unless the token has lost it. With `alone`, others are told so for that many ms. */
  release(name: string, token: string, verdict?: { readonly alone: number }): MaybePromise<void>;
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
 *     if (resource === undefined) return undefined;
 *     const { vary, variants } = resource;
 *     const entry = variants.get(choose(vary));
 *     return entry === undefined ? { vary } : { vary, head: headOf(entry), body: entry.body };
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
   * Returns the head of `key` whose variant `choose` returns for the resource's `vary` list, with its body unless `look.body` is
   * false. Undefined: there is no such resource. An error of `choose` is passed on.
   */
  get(key: string, choose: ChooseVariant, look: Look): MaybePromise<Read | undefined>;
  /**
   * Keeps an entry under `entry.key` and `entry.variant`, in place of any earlier one. If `entry.vary` differs from the
   * resource's list, the resource's earlier variants are removed first.
   *
   * Returns `false` if the entry is not kept: it is too large, or the resource was deleted at a position above `entry.began`. Of
   * what is too large, no older entry may remain in its place. Any other value means that it is kept.
   */
  set(entry: Entry): MaybePromise<boolean | void>;
  /**
   * Removes a resource with all its variants. From then on, for at least 10 minutes, a store that processes share refuses what
   * began before `position`. Returns how many entries were removed. Undefined: this store cannot count;
   * one with `marks` has failed, and is called again.
   */
  delete(key: string, position: number): MaybePromise<number | undefined>;
  /** Removes everything that this cache stored. Marks and leases stay. */
  clear(): MaybePromise<void>;
  /** Optional. Returns the store's current size. */
  stats?(): StoreStats;
  /** Present where processes share the store and it can put invalidations in an order. */
  readonly marks?: Marks;
  /** Present where one process at a time can hold a name. */
  readonly leases?: Leases;
}

const HEADS: WeakMap<Entry, EntryHead> = new WeakMap();

/** Returns the head of an entry: the same object each time. For stores that keep entries as they are. */
export function headOf(entry: Entry): EntryHead {
  let head = HEADS.get(entry);
  if (head === undefined) {
    head = newHeadOf(entry);
    HEADS.set(entry, head);
  }
  return head;
}

/** The same as {@link headOf}, for who remembers it. */
export function newHeadOf({ body, ...others }: Entry): EntryHead {
  return { ...others, length: body.byteLength };
}
