import {
  CHARACTERS_PER_NAME,
  hasTag,
  isKeyName,
  isOfAnyOrigin,
  isTagName,
  isUrlName,
  keyName,
  urlOfAnyOrigin,
} from "./names.ts";
import type { Marked, Name } from "./names.ts";
import { SoftMarks } from "./soft-marks.ts";

/**
 * Remembers what was invalidated, and in which order. So an invalidation costs the same for one entry as for a million.
 *
 * Each invalidation has a position, above all earlier ones. An entry has the last position that was known when its fill
 * began. It is dead if one of its names was marked at a later one, so a fill that began before an invalidation cannot
 * store old data again (hazard 22). No clock decides: a clock that is set back changes nothing.
 *
 * Memory is bounded. When a mark is forgotten, everything counts as invalidated that it may have been about. Forgetting
 * invalidates too much, never too little (hazard 21).
 */
export class Ledger {
  readonly #now: () => number;
  readonly #limit: number;
  readonly #hard = new Map<Name, number>();
  readonly #soft: SoftMarks;
  #characters = 0;
  /** How many of the hard marks are no tags: most caches have none, and then only tags are looked up. */
  #places = 0;
  /** How many are of a URL on any origin, and how many of a key: an entry does not have these names itself. */
  #ofAnyOrigin = 0;
  #keys = 0;
  /** Everything from before is dead. */
  #all: number;
  /** Everything with a tag from before is dead. */
  #tagged: number;
  #position: number;

  /**
   * `now` returns epoch milliseconds. Entries from before this ledger are dead, because nobody knows what was invalidated
   * then, unless `isOnlyMine` is false: other processes have entries of their own.
   */
  constructor(now: () => number, limit = 100_000, isOnlyMine = true) {
    this.#now = now;
    this.#limit = limit;
    this.#soft = new SoftMarks(limit);
    this.#position = microseconds(now());
    this.#all = this.#tagged = isOnlyMine ? this.#position : -Infinity;
  }

  /** The last position. A fill that begins now has it. */
  get position(): number {
    return this.#position;
  }

  /** Marks names: entries that have one of them are dead. */
  add(names: readonly Name[]): void {
    const position = this.#next();
    for (const name of names) {
      // The oldest mark stands first.
      if (!this.#hard.delete(name)) this.#count(name, 1);
      this.#hard.set(name, position);
    }
    for (const [name, at] of this.#hard) {
      if (this.#hard.size <= this.#limit && this.#characters <= this.#limit * CHARACTERS_PER_NAME) break;
      this.#hard.delete(name);
      this.#count(name, -1);
      if (isTagName(name)) this.#tagged = Math.max(this.#tagged, at);
      else this.#all = Math.max(this.#all, at);
    }
  }

  /** Marks names softly: entries that have one of them are stale. */
  soften(names: readonly Name[]): void {
    this.#soft.add(names, this.#next(), this.#now());
  }

  /** Marks everything that has a tag. */
  addTagged(): void {
    this.#tagged = this.#next();
  }

  /** Marks everything that has a tag softly. */
  softenTagged(): void {
    this.#soft.addToTagged(this.#next(), this.#now());
  }

  /** Marks everything. Earlier marks are of no more use. */
  addAll(): void {
    this.#all = this.#next();
    this.#hard.clear();
    this.#characters = this.#places = this.#ofAnyOrigin = this.#keys = 0;
    this.#soft.clear();
  }

  /** Marks everything softly. */
  softenAll(): void {
    this.#soft.addToAll(this.#next(), this.#now());
  }

  /** Returns whether an entry was invalidated after its fill began. */
  isDead(entry: Marked): boolean {
    const { names, began, key } = entry;
    if (began < this.#all) return true;
    if (began < this.#tagged && hasTag(names)) return true;
    if (this.#hard.size === 0) return false;
    for (const name of names) {
      // Tags stand first.
      if (this.#places === 0 && !isTagName(name)) return false;
      if (this.#isMarked(name, began)) return true;
      if (this.#ofAnyOrigin > 0 && isUrlName(name) && this.#isMarked(urlOfAnyOrigin(name), began))
        return true;
    }
    return this.#keys > 0 && key !== undefined && this.#isMarked(keyName(key), began);
  }

  #isMarked(name: Name, began: number): boolean {
    return (this.#hard.get(name) ?? -Infinity) > began;
  }

  /** Returns since when an entry is stale by a soft mark, in epoch milliseconds. Undefined: it is not. */
  staleSince(entry: Marked): number | undefined {
    return this.#soft.staleSince(entry);
  }

  /**
   * Returns whether an entry may have been invalidated, hard or softly, after `from` and not after `to`: what was read at
   * `from` must not be shown to who came at `to`. Of hard marks only the last is known, so a later one counts, too.
   */
  hasChanged({ names }: Pick<Marked, "names">, from: number, to: number): boolean {
    if (from >= to) return false;
    return this.isDead({ names, began: from }) || this.#soft.hasMarkWithin(names, from, to);
  }

  #next(): number {
    return (this.#position = Math.max(microseconds(this.#now()), this.#position + 1));
  }

  #count(name: Name, by: 1 | -1): void {
    this.#characters += by * name.length;
    if (!isTagName(name)) this.#places += by;
    if (isOfAnyOrigin(name)) this.#ofAnyOrigin += by;
    if (isKeyName(name)) this.#keys += by;
  }
}

function microseconds(ms: number): number {
  return Math.floor(ms * 1000);
}
