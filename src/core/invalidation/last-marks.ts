import { CHARACTERS_PER_NAME } from "./names.ts";
import type { Name } from "./names.ts";

/** The position of the last mark of each name. Bounded in names and in characters. */
export class LastMarks {
  readonly #limit: number;
  readonly #positions = new Map<Name, number>();
  /** Goes on where it stopped: V8 walks over all that was deleted before it finds the first of a map. */
  #order = this.#positions.entries();
  /** The oldest mark, unless it has changed since. */
  #first: readonly [Name, number] | undefined;
  #characters = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#positions.size;
  }

  /** Returns the position of a name's last mark, or -Infinity. */
  last(name: Name): number {
    return this.#positions.get(name) ?? -Infinity;
  }

  /** Marks a name, unless a later mark of it is known. Returns whether the name is new. */
  set(name: Name, position: number): boolean {
    const last = this.#positions.get(name);
    if (last !== undefined && last >= position) return false;
    // The oldest mark stands first.
    this.#positions.delete(name);
    this.#positions.set(name, position);
    if (last === undefined) this.#characters += name.length;
    return last === undefined;
  }

  /** Forgets what is too much, the oldest first, and all that is older than `oldest`. Yields the marks. */
  *forgotten(oldest: number = -Infinity): Iterable<readonly [Name, number]> {
    for (let mark = this.#oldest(); mark !== undefined; mark = this.#oldest()) {
      const [name, position] = mark;
      const isFull =
        this.#positions.size > this.#limit || this.#characters > this.#limit * CHARACTERS_PER_NAME;
      if (!isFull && position >= oldest) return;
      this.#positions.delete(name);
      this.#characters -= name.length;
      yield mark;
    }
  }

  clear(): void {
    this.#positions.clear();
    this.#characters = 0;
  }

  #oldest(): readonly [Name, number] | undefined {
    for (let isAgain = false; ;) {
      if (this.#first !== undefined && this.#positions.get(this.#first[0]) === this.#first[1])
        return this.#first;
      const { done, value } = this.#order.next();
      this.#first = value;
      if (done !== true) continue;
      if (isAgain) return undefined;
      isAgain = true;
      this.#order = this.#positions.entries();
    }
  }
}
