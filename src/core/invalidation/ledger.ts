import type { Mark, MaybePromise } from "../contract/store.ts";
import { LastMarks } from "./last-marks.ts";
import {
  ANY_TAG,
  calledBy,
  EVERYTHING,
  hardName,
  hasTag,
  isKeyName,
  isOfAnyOrigin,
  isSoftName,
  isTagName,
  isUrlName,
  keyName,
  softName,
  urlOfAnyOrigin,
} from "./names.ts";
import type { Marked, Name } from "./names.ts";
import { SoftMarks } from "./soft-marks.ts";

/**
 * Who else marks what this process reads. `nobody`: the store is this process's own. `unseen`: others do, and nobody learns
 * of it. `log`: others do, in a log that all follow.
 */
type Others = "nobody" | "unseen" | "log";

/** Puts invalidations down where all who read the store learn of them. */
export interface Marker {
  /**
   * Marks names: entries that have one of them are dead or, by a soft name, stale. Returns the position; undefined if other
   * processes do not know it yet. Never throws or rejects.
   */
  mark(names: readonly Name[]): MaybePromise<number | undefined>;
}

/** A name on its way to the log: how many times, since when, in epoch ms, and from which arrival on all come after it. */
interface Pending {
  readonly times: number;
  readonly at: number;
  readonly from: number;
}

/** A read of a log. */
interface LogRead {
  /** All that arrived at this place, or later, have read nothing from before its marks. */
  readonly from: number;
  /** The last position that it returned. */
  readonly position: number;
}

/** Marks by key stand in a log for 10 minutes. In microseconds. */
const KEYS_KEPT = 600e6;

/** How many reads of a log are remembered, to tell who arrived before and after. */
const MOST_READS = 1000;

/**
 * Remembers what was invalidated, and in which order. So an invalidation costs the same for one entry as for a million.
 *
 * Each invalidation has a position, above all earlier ones. An entry has the last position that was known when its fill
 * began. It is dead if one of its names was marked at a later one, so a fill that began before an invalidation cannot
 * store old data again (hazard 22). No clock decides: a clock that is set back changes nothing.
 *
 * Where processes share a store, the positions are those of a log, and the names that are on their way to it are pending:
 * what has one is dead, whatever its position.
 *
 * Memory is bounded. When a mark is forgotten, everything counts as invalidated that it may have been about. Forgetting
 * invalidates too much, never too little (hazard 21).
 */
export class Ledger implements Marker {
  readonly #now: () => number;
  readonly #others: Others;
  readonly #hard: LastMarks;
  /** Marks by key, which are kept for another time. */
  readonly #keys: LastMarks;
  readonly #soft: SoftMarks;
  /** The names that are on their way to the log. */
  readonly #pending = new Map<Name, Pending>();
  /** How many of the hard marks are no tags: most caches have none, and then only tags are looked up. */
  #places = 0;
  /** How many are of a URL on any origin: an entry does not have these names itself. */
  #ofAnyOrigin = 0;
  /** Everything from before is dead. */
  #all: number;
  /** Everything with a tag from before is dead. */
  #tagged: number;
  #position: number;
  /** The reads of the log that have ended, in the order of those who arrived. */
  readonly #reads: LogRead[] = [];

  /**
   * `now` returns epoch milliseconds. Entries from before this ledger are dead, because nobody knows what was invalidated
   * then, unless other processes have `unseen` marks: they have entries of their own. With a `log`, all is dead until
   * something of it is known.
   */
  constructor(now: () => number, limit = 100_000, others: Others = "nobody") {
    this.#now = now;
    this.#others = others;
    this.#hard = new LastMarks(limit);
    this.#keys = new LastMarks(limit);
    this.#soft = new SoftMarks(limit);
    this.#position = others === "log" ? 0 : microseconds(now());
    this.#all = this.#tagged = others === "unseen" ? -Infinity : Math.max(this.#position, 1);
  }

  /** The last position that is known. A fill that begins now has it. */
  get position(): number {
    return this.#position;
  }

  /** How many names are marked. */
  get size(): number {
    return this.#hard.size + this.#keys.size + this.#soft.size;
  }

  /** How many names are pending. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves to the next position, which is this process's own, and returns it. Not with a log. */
  next(): number {
    return (this.#position = Math.max(microseconds(this.#now()), this.#position + 1));
  }

  /**
   * Marks names at the next position, and returns that: entries that have one of them are dead or, by a soft name, stale.
   * Not with a log.
   */
  mark(names: readonly Name[]): number {
    const position = this.next();
    for (const name of names) this.apply({ name, position });
    return position;
  }

  /** Enters a mark. If a later one of its name is known, nothing happens. `at`: since when a soft one counts, in epoch ms. */
  apply({ name, position }: Mark, at: number = this.#now()): void {
    const isLast = position >= this.#position;
    if (isLast) this.#position = position;
    if (isSoftName(name)) this.#soft.add([hardName(name)], position, at);
    else if (name === EVERYTHING) this.#markAll(position, isLast);
    else if (name === ANY_TAG) this.#tagged = Math.max(this.#tagged, position);
    else if (isKeyName(name)) this.#markKey(name, position);
    else this.#markName(name, position);
  }

  /** Makes entries with these names dead, or stale by a soft one, until `settle`. Who arrives at `from` comes after. */
  pend(names: readonly Name[], from: number = Infinity): void {
    const now = this.#now();
    for (const name of names) {
      const { times = 0, at = now } = this.#pending.get(name) ?? {};
      this.#pending.set(name, { times: times + 1, at, from });
    }
  }

  /** Ends one `pend` of these names. With a position the log has them there. */
  settle(names: readonly Name[], position?: number): void {
    for (const name of names) {
      const pending = this.#pending.get(name);
      if (position !== undefined) this.apply({ name, position }, pending?.at);
      if (pending !== undefined && pending.times > 1)
        this.#pending.set(name, { ...pending, times: pending.times - 1 });
      else this.#pending.delete(name);
    }
  }

  /** A read of the log has ended. */
  ended(read: LogRead): void {
    const last = this.#reads.at(-1);
    // What was sent later has not seen less.
    if (last !== undefined && last.from < read.from && last.position > read.position) return;
    this.#reads.push(read);
    if (Number(last?.from) > read.from) this.#reads.sort((one, other) => one.from - other.from);
    if (this.#reads.length > MOST_READS) this.#reads.splice(0, MOST_READS / 2);
  }

  /**
   * Returns a position up to which all marks were made before an arrival. Of a log, an arrival is the number of its last read
   * that was sent by then, since what is known at an arrival may be old.
   */
  at(arrival: number): number {
    if (this.#others !== "log") return arrival;
    return this.#reads.findLast(({ from }) => from <= arrival)?.position ?? 0;
  }

  /** Returns a position that no mark from before an arrival is above, as far as they are known. */
  by(arrival: number): number {
    return this.#others === "log" ? this.#position : arrival;
  }

  /**
   * Returns whether an entry was invalidated after its fill began. With an `arrival`, the entry is a response of this process to
   * who arrived then: nothing is known against it before the log was read, and what was pending at its arrival is in it.
   */
  isDead(entry: Marked, arrival?: number): boolean {
    const { names, began, key } = entry;
    const isUnread = arrival !== undefined && this.#position === 0;
    if (began < this.#all && !isUnread) return true;
    if (began < this.#tagged && !isUnread && hasTag(names)) return true;
    if (this.#pending.size > 0 && this.#pendingOf(entry, (name) => name, arrival).length > 0) return true;
    if (this.#keys.size > 0 && key !== undefined && this.#keys.last(keyName(key)) > began) return true;
    if (this.#hard.size === 0) return false;
    for (const name of names) {
      // Tags stand first.
      if (this.#places === 0 && !isTagName(name)) return false;
      if (this.#hard.last(name) > began) return true;
      if (this.#ofAnyOrigin > 0 && isUrlName(name) && this.#hard.last(urlOfAnyOrigin(name)) > began)
        return true;
    }
    return false;
  }

  /** Returns since when an entry is stale by a soft mark, in epoch milliseconds. Undefined: it is not. `arrival`: as above. */
  staleSince(entry: Marked, arrival?: number): number | undefined {
    const since = this.#soft.staleSince(entry);
    if (this.#pending.size === 0) return since;
    const all = this.#pendingOf(entry, softName, arrival);
    return all.length === 0 ? since : Math.min(since ?? Infinity, ...all);
  }

  /**
   * Returns whether an entry may have been invalidated, hard or softly, after the position `from` and not after `to`: what was
   * read at `from` must not be shown to who came at `to`. Of hard marks only the last is known, so a later one counts, too.
   * `arrival`: as for `isDead`.
   */
  hasChanged(entry: Pick<Marked, "names" | "key">, from: number, to: number, arrival?: number): boolean {
    if (from >= to) return false;
    return this.isDead({ ...entry, began: from }, arrival) || this.#soft.hasMarkWithin(entry, from, to);
  }

  /** Returns since when the names of an entry are pending, as `named`, that were not before an arrival. */
  #pendingOf(entry: Marked, named: (name: Name) => Name, arrival = -Infinity): readonly number[] {
    const all = [EVERYTHING, ...(hasTag(entry.names) ? [ANY_TAG] : []), ...calledBy(entry)];
    return all.flatMap((name) => {
      const pending = this.#pending.get(named(name));
      return pending === undefined || pending.from <= arrival ? [] : pending.at;
    });
  }

  #markAll(position: number, isLast: boolean): void {
    this.#all = Math.max(this.#all, position);
    // Earlier marks are of no more use.
    if (!isLast) return;
    this.#hard.clear();
    this.#keys.clear();
    this.#soft.clear();
    this.#places = this.#ofAnyOrigin = 0;
  }

  #markKey(name: Name, position: number): void {
    this.#keys.set(name, position);
    // What began before is not stored any more, and what was stored was removed.
    const oldest = this.#others === "log" ? this.#position - KEYS_KEPT : -Infinity;
    for (const [, at] of this.#keys.forgotten(oldest)) if (at >= oldest) this.#all = Math.max(this.#all, at);
  }

  #markName(name: Name, position: number): void {
    if (this.#hard.set(name, position)) this.#count(name, 1);
    for (const [forgotten, at] of this.#hard.forgotten()) {
      this.#count(forgotten, -1);
      if (isTagName(forgotten)) this.#tagged = Math.max(this.#tagged, at);
      else this.#all = Math.max(this.#all, at);
    }
  }

  #count(name: Name, by: 1 | -1): void {
    if (!isTagName(name)) this.#places += by;
    if (isOfAnyOrigin(name)) this.#ofAnyOrigin += by;
  }
}

function microseconds(ms: number): number {
  return Math.floor(ms * 1000);
}
