import { ANY_TAG, calledBy, CHARACTERS_PER_NAME, EVERYTHING, hasTag, isTagName } from "./names.ts";
import type { Marked, Name } from "./names.ts";

/** One soft invalidation. */
interface Mark {
  /** Its place in the order of fills and invalidations. */
  readonly position: number;
  /** When it was made, in epoch milliseconds: entries are stale from then on. */
  readonly at: number;
}

/** How many marks are kept for one name. */
const MARKS_PER_NAME = 8;

/**
 * Remembers when names were softly invalidated.
 *
 * An entry is stale from the first mark that came after its fill began, so its stale windows count from there. That takes
 * more than the last mark of a name: with writes that fail one after the other, the windows would begin again at each.
 *
 * Memory is bounded. When a name is forgotten, its last mark counts for every entry that it may be about.
 */
export class SoftMarks {
  readonly #limit: number;
  readonly #marks = new Map<Name, Mark[]>();
  #characters = 0;
  /** How many of the names are no tags. */
  #places = 0;
  /** The last forgotten mark of something else than a tag, and of a tag: they count for all that they may be about. */
  #all: Mark | undefined;
  #tagged: Mark | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many names are marked. */
  get size(): number {
    return this.#marks.size;
  }

  /** Marks names, but for those of which a mark at this position or a later one is known. */
  add(names: readonly Name[], position: number, at: number): void {
    for (const name of names) {
      const marks = this.#marks.get(name) ?? [];
      if (Number(marks.at(-1)?.position) >= position) continue;
      // The name that was marked the longest ago stands first.
      this.#forget(name);
      this.#marks.set(name, withMark(marks, { position, at }));
      this.#characters += name.length;
      if (!isTagName(name)) this.#places++;
    }
    if (!this.#isFull) return;
    for (const [name, marks] of this.#marks) {
      this.#forget(name);
      if (isTagName(name)) this.#tagged = later(this.#tagged, marks.at(-1));
      else this.#all = later(this.#all, marks.at(-1));
      if (!this.#isFull) return;
    }
  }

  get #isFull(): boolean {
    return this.#marks.size > this.#limit || this.#characters > this.#limit * CHARACTERS_PER_NAME;
  }

  /** Forgets everything: no entry is left that a mark is about. */
  clear(): void {
    this.#marks.clear();
    this.#characters = this.#places = 0;
    this.#all = this.#tagged = undefined;
  }

  /** Returns since when an entry is stale by a soft invalidation, in epoch milliseconds. Undefined: it is not. */
  staleSince(entry: Marked): number | undefined {
    const { names, began } = entry;
    const isTagged = hasTag(names);
    let since = Math.min(atIfLater(this.#all, began), isTagged ? atIfLater(this.#tagged, began) : Infinity);
    if (this.#marks.size > 0) {
      since = Math.min(since, this.#markedAt(EVERYTHING, began));
      if (isTagged) since = Math.min(since, this.#markedAt(ANY_TAG, began));
      for (const name of this.#places > 0 ? calledBy(entry) : names)
        since = Math.min(since, this.#markedAt(name, began));
    }
    return since === Infinity ? undefined : since;
  }

  /** Returns whether an entry with these names may have been invalidated after `from` and not after `to`. */
  hasMarkWithin(entry: Pick<Marked, "names" | "key">, from: number, to: number): boolean {
    const isWithin = ({ position }: Mark): boolean => position > from && position <= to;
    const isTagged = hasTag(entry.names);
    const forgotten = isTagged ? [this.#all, this.#tagged] : [this.#all];
    // Earlier marks of what is forgotten are not known.
    if (forgotten.some((mark) => mark !== undefined && mark.position > from)) return true;
    const called = [EVERYTHING, ...(isTagged ? [ANY_TAG] : []), ...calledBy(entry)];
    return called.some((name) => this.#marks.get(name)?.some(isWithin) === true);
  }

  /** Returns when the first mark of a name after `began` was made. `Infinity`: there is none. */
  #markedAt(name: Name, began: number): number {
    return this.#marks.get(name)?.find(({ position }) => position > began)?.at ?? Infinity;
  }

  #forget(name: Name): void {
    if (!this.#marks.delete(name)) return;
    this.#characters -= name.length;
    if (!isTagName(name)) this.#places--;
  }
}

/**
 * Adds a mark. Of too many, the one goes that fewest entries can need: that which came soonest after the one before it.
 * Such an entry is stale from the next mark.
 */
function withMark(marks: readonly Mark[], mark: Mark): Mark[] {
  const all = [...marks, mark];
  if (all.length <= MARKS_PER_NAME) return all;
  const gaps = all.slice(1, -1).map(({ at }, index) => at - Number(all[index]?.at));
  all.splice(gaps.indexOf(Math.min(...gaps)) + 1, 1);
  return all;
}

/** Returns the mark with the later position. */
function later(one: Mark | undefined, other: Mark | undefined): Mark | undefined {
  return Number(one?.position) > Number(other?.position) ? one : other;
}

/** Returns when a mark after `began` was made. `Infinity`: it was not after it. */
function atIfLater(mark: Mark | undefined, began: number): number {
  return mark !== undefined && mark.position > began ? mark.at : Infinity;
}
