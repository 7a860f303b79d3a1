import type { Entry } from "../contract/store.ts";

/** What an entry remembers of its tags. */
export type Tagging = Pick<Entry, "tags" | "taggedAt">;

/** Names that weigh more than this many characters each, on average, are fewer. */
const CHARACTERS_PER_TAG = 64;

/** The least time between an invalidation and what came before it: a fraction of a millisecond that a double can hold. */
const TICK_MS = 1 / 1024;

/**
 * Remembers when each tag was last invalidated, so that invalidating one costs the same whatever carries it.
 *
 * An entry carries the instant at which its fill began, and is dead if one of its tags was invalidated later; so a fill
 * that began before cannot bring back what it read (hazard 22). The memory is bounded: where a tag is forgotten, all
 * tagged entries as old as its invalidation are dead, and so are those from before this process. Forgetting invalidates
 * too much, never too little (hazard 21).
 */
export class Tags {
  readonly #now: () => number;
  readonly #limit: number;
  readonly #invalidatedAt = new Map<string, number>();
  #characters = 0;
  #floor: number;
  #last: number;

  /** `now` is a clock's; one that is set back does not bring anything back. */
  constructor(now: () => number, limit = 100_000) {
    this.#now = now;
    this.#limit = limit;
    this.#floor = this.#last = now();
  }

  /** The instant at which a fill begins: not before any invalidation so far. */
  begin(): number {
    return (this.#last = Math.max(this.#last, this.#now()));
  }

  /** Makes every entry dead that carries one of these tags and whose fill has begun. */
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

  /** Makes every tagged entry dead whose fill has begun, and forgets the tags. */
  invalidateAll(): void {
    this.invalidate([]);
    this.#floor = this.#last;
    this.#invalidatedAt.clear();
    this.#characters = 0;
  }

  /** Whether one of an entry's tags was invalidated after its fill began. */
  areOutdated({ tags, taggedAt = -Infinity }: Tagging): boolean {
    if (tags === undefined) return false;
    if (taggedAt < this.#floor) return true;
    return tags.some((tag) => (this.#invalidatedAt.get(tag) ?? this.#floor) > taggedAt);
  }
}
