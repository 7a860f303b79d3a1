import type { Fields } from "../../http/fields.ts";

/** A value now, or a promise of it. A store that answers at once is never awaited. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * How a response was made, beside its fields and bytes. All is absent of what comes as bytes, whole and with its length,
 * and leaves the fields of earlier middleware as they are or replaces them.
 */
export interface Making {
  /** Its content was handed over as text, in this encoding. */
  readonly textIn?: "utf8" | "utf-8" | "latin1";
  /** Its content was written, and then ended. */
  readonly isParted?: boolean;
  /** How many bytes of that came with its end, which a stream tells at its end. */
  endBytes?: number;
  /** Its head was written before its content. */
  readonly isHeadFirst?: boolean;
  /** Its handler gave no `Content-Length`. */
  readonly isUnsized?: boolean;
  /** Fields of earlier middleware that its handler took away, or replaced though their values join: lower-case names. */
  readonly removed?: readonly string[];
  /** Fields of earlier middleware to which its handler added what stands among its fields: lower-case names. */
  readonly added?: readonly string[];
}

/**
 * One stored response.
 *
 * Its three instants are epoch milliseconds (`Infinity` is allowed), so that reading one is comparison only.
 * An entry is never changed once it exists: stores may hold it by reference.
 */
export interface Entry {
  /** The resource that it belongs to: the primary cache key (RFC 9111 §2). */
  readonly key: string;
  /** Which of the resource's variants it is: the secondary key, made from the fields named by `vary` (RFC 9111 §4.1). */
  readonly variant: string;
  /** The request fields that tell this resource's variants apart: lower-case names. */
  readonly vary: readonly string[];
  /** The status code of the stored response. */
  readonly status: number;
  /** The header fields that the handler said, and an entity tag. */
  readonly fields: Fields;
  /** The whole content, in the coding that `Content-Encoding` among the fields says. */
  readonly body: Uint8Array;
  /** When the response was made by its origin: receipt less the age that it had then (RFC 9111 §4.2.3). */
  readonly storedAt: number;
  /** From this instant on the entry is stale (RFC 9111 §4.2). */
  readonly staleAt: number;
  /** From this instant on a store may drop the entry, and the core no longer reads it. */
  readonly deleteAt: number;
  /** Until when it may be served stale while it is refreshed (RFC 5861 §3); absent: it may not. */
  readonly staleWhileRevalidateUntil?: number;
  /** Until when it may be served stale in place of an error (RFC 5861 §4); absent: it may not. */
  readonly staleIfErrorUntil?: number;
  /** How long its handler took to say it, in ms; present where the route refreshes early. */
  readonly fillMs?: number;
  /** How its handler made it, where that is not the usual way. */
  readonly making?: Making;
  /** What it is tagged with, in the core's own spelling; absent where it has no tags. */
  readonly tags?: readonly string[];
  /** Present with `tags`: when the handler that said it began, by the clock of tag invalidations (epoch ms). */
  readonly taggedAt?: number;
}

/** Answers which variant of a resource a request selects, given the fields that tell its variants apart. */
export type ChooseVariant = (vary: readonly string[]) => string;

/** What a store can say about itself. */
export interface StoreStats {
  /** How many entries it holds. */
  readonly entries: number;
  /** What they weigh, in bytes, by the store's own reckoning. */
  readonly bytes: number;
  /** How many it has dropped to stay within its bounds. */
  readonly evictions: number;
}

/**
 * Where entries live.
 *
 * A resource has one list of `vary` names and, under it, variants. Every method may answer at once or by a promise;
 * a throw or a rejection is a miss for the request at hand and an event for the application, never a failed request.
 */
export interface Store {
  /** What error messages call it. */
  readonly name: string;
  /**
   * Finds one entry: the one that `choose` names, given the resource's `vary` list.
   * `choose` is called once if the resource exists, and not at all if it does not.
   */
  get(key: string, choose: ChooseVariant): MaybePromise<Entry | undefined>;
  /**
   * Keeps an entry under `entry.key` and `entry.variant`, replacing the one that was there.
   * If `entry.vary` is not the resource's list, the resource starts anew with this list and this one variant.
   * Answers `false` where it does not keep the entry, and then nothing older in its place; anything else means that it
   * does.
   */
  set(entry: Entry): MaybePromise<boolean | void>;
  /** Forgets a resource with all its variants; answers how many entries that were. */
  delete(key: string): MaybePromise<number>;
  /** Forgets everything that this cache stored. */
  clear(): MaybePromise<void>;
  /** Optional: what the store holds. */
  stats?(): StoreStats;
}
