import type { Entry } from "../contract/store.ts";

/** One soft invalidation of a tag. */
interface Mark {
  /** Its place in the order of fills and invalidations. */
  readonly position: number;
  /** When it was made, in epoch milliseconds: entries are stale from then on. */
  readonly at: number;
}

/** How many marks are kept for one tag. */
const MARKS_PER_TAG = 8;

/** A tag that every tagged entry has. No other stored name is empty. */
const ALL = "";

/**
 * Remembers when tags were softly invalidated.
 *
 * An entry is stale from the first mark that came after its fill began, so its stale windows count from there. That takes
 * more than the last mark of a tag: with writes that fail one after the other, the windows would begin again at each.
 *
 * Memory is bounded. When a tag is forgotten, its last mark counts for every tagged entry.
 */
export class SoftMarks {
  readonly #limit: number;
  readonly #marks = new Map<string, Mark[]>();
  #forgotten: Mark | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Marks tags. `position` is after all earlier ones. */
  add(tags: readonly string[], position: number, at: number): void {
    for (const tag of tags) {
      const marks = this.#marks.get(tag) ?? [];
      // The tag that was marked the longest ago stands first.
      this.#marks.delete(tag);
      this.#marks.set(tag, withMark(marks, { position, at }));
    }
    for (const [tag, marks] of this.#marks) {
      if (this.#marks.size <= this.#limit) return;
      this.#marks.delete(tag);
      this.#forgotten = marks.at(-1);
    }
  }

  /** Marks every tagged entry whose fill has begun. */
  addToAll(position: number, at: number): void {
    this.add([ALL], position, at);
  }

  /** Forgets everything: no entry is left that a mark is about. */
  clear(): void {
    this.#marks.clear();
    this.#forgotten = undefined;
  }

  /** Returns since when an entry is stale by a soft invalidation, in epoch milliseconds. Undefined: it is not. */
  staleSince({ tags, taggedAt = -Infinity }: Pick<Entry, "tags" | "taggedAt">): number | undefined {
    if (tags === undefined) return undefined;
    const forgotten = this.#forgotten;
    let since = forgotten !== undefined && forgotten.position > taggedAt ? forgotten.at : Infinity;
    if (this.#marks.size > 0) {
      since = Math.min(since, this.#markedAt(ALL, taggedAt));
      for (const tag of tags) since = Math.min(since, this.#markedAt(tag, taggedAt));
    }
    return since === Infinity ? undefined : since;
  }

  /** Returns when the first mark of a tag after `taggedAt` was made. `Infinity`: there is none. */
  #markedAt(tag: string, taggedAt: number): number {
    return this.#marks.get(tag)?.find(({ position }) => position > taggedAt)?.at ?? Infinity;
  }
}

/**
 * Adds a mark. Of too many, the one goes that fewest entries can need: that which came soonest after the one before it.
 * Such an entry is stale from the next mark.
 */
function withMark(marks: readonly Mark[], mark: Mark): Mark[] {
  const all = [...marks, mark];
  if (all.length <= MARKS_PER_TAG) return all;
  const gaps = all.slice(1, -1).map(({ at }, index) => at - Number(all[index]?.at));
  all.splice(gaps.indexOf(Math.min(...gaps)) + 1, 1);
  return all;
}
