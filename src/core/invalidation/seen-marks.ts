import type { Mark } from "../contract/store.ts";
import { EVERYTHING, floorOf, isKeyName } from "./names.ts";
import type { Name } from "./names.ts";

/** So many marks are remembered. */
const MOST_SEEN = 1000;

/** A mark that a log has to have: above one position, and up to another. */
export interface Expected {
  readonly name: Name;
  readonly above: number;
  readonly last: number;
}

/**
 * The marks that a log was last seen to have, to notice when it has lost some.
 *
 * A log loses its newest marks, and nobody can add one with the same position again. So if a mark is still where it was, all
 * from before it are there, too. A name that was marked again proves nothing: that may have happened after the loss.
 */
export class SeenMarks {
  /** By name, the position of its last mark. */
  readonly #positions = new Map<Name, number>();
  #last: Mark | undefined;
  /** The marks that were added here and that no read has had yet. */
  #own: Expected[] = [];

  /** The last mark that was read. */
  get last(): Mark | undefined {
    return this.#last;
  }

  /** Where to read from: at the last mark, or before one that was added here while the last read was under way. */
  get from(): number {
    return Math.min(this.#last?.position ?? 0, ...this.#own.map(({ above }) => above + 1));
  }

  /** Remembers a mark that the log has. */
  read(mark: Mark): void {
    if (this.#own.length > 0) this.#own = this.#own.filter((added) => !standsFor(mark, added));
    this.#see(mark);
    this.#last = mark;
  }

  /** Remembers marks that were added here, above a position and up to `last`: the next read has to have them. */
  added(names: readonly Name[], above: number, last: number): void {
    for (const [at, name] of names.entries()) {
      // Each has a position of its own, and only that of the last one is known.
      const highest = last - names.length + 1 + at;
      this.#own.push({ name, above: highest === last ? last - 1 : above, last: highest });
    }
    if (this.#own.length > MOST_SEEN) this.#own = this.#own.slice(-MOST_SEEN);
  }

  /** Forgets what was read, but not what was added here. */
  forget(): void {
    this.#positions.clear();
    this.#last = undefined;
  }

  /** Returns what a read from the last mark on, that is sent now, has to have. */
  expected(): readonly Expected[] {
    return [...(this.#last === undefined ? [] : [exactly(this.#last)]), ...this.#own];
  }

  /** Ends what was expected: a read has ended that was to have it. */
  checked(expected: readonly Expected[]): void {
    const all = new Set(expected);
    if (this.#own.length > 0) this.#own = this.#own.filter((mark) => !all.has(mark));
  }

  /** Returns the last mark before a position that has not been marked again. Of those by key, none that is older than `keys`. */
  before(position: number, keys: number): Expected | undefined {
    let found: Mark | undefined;
    for (const [name, at] of this.#positions) {
      if (at >= position || at <= (found?.position ?? 0)) continue;
      if (!isKeyName(name) || at >= keys) found = { name, position: at };
    }
    return found && exactly(found);
  }

  #see({ name, position }: Mark): void {
    this.#positions.delete(name);
    this.#positions.set(name, position);
    for (const [oldest] of this.#positions) {
      if (this.#positions.size <= MOST_SEEN) return;
      if (oldest !== EVERYTHING) this.#positions.delete(oldest);
    }
  }
}

function exactly({ name, position }: Mark): Expected {
  return { name, above: position - 1, last: position };
}

/** Returns whether a mark shows that a log still has an earlier one: it is of the same name, or of all that was forgotten. */
export function standsFor({ name, position }: Mark, earlier: Expected): boolean {
  if (name === earlier.name) return position > earlier.above;
  return name === floorOf(earlier.name) && position >= earlier.last;
}
