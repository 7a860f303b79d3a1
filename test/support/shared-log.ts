import type { Mark, Marks } from "../../src/index.ts";

/** When the clock of the server of a log starts, in microseconds. */
const SERVER_START = Date.UTC(2026, 0, 1) * 1000;

/** A log of invalidations, as a server has it: the clock of this is of no process. */
export class SharedLog implements Marks {
  /** The clock of the server, in microseconds. */
  now = SERVER_START;
  /** How many marks a page has, and how many the log keeps. */
  pageSize = 1000;
  most = 100_000;
  #marks = new Map<string, number>();
  #sorted: readonly Mark[] | undefined;
  /** Of many marks, the positions of all are higher than this. */
  #last = 0;

  read(from: number): readonly Mark[] {
    const all = this.all();
    const first = all.findIndex(({ position }) => position >= from);
    return first === -1 ? [] : all.slice(first, first + this.pageSize);
  }

  add(names: readonly string[], above: number): number {
    this.#sorted = undefined;
    const all = this.#marks.size === 0 ? ["*", ...names.filter((name) => name !== "*")] : names;
    for (const name of all) {
      this.#last = Math.max(this.now, this.#last + 1, above + 1);
      this.#marks.delete(name);
      this.#marks.set(name, this.#last);
    }
    for (const [name, position] of this.#marks) {
      if (this.#marks.size <= this.most) break;
      if (["*", "t|", "~*", "~t|"].includes(name)) continue;
      this.#marks.delete(name);
      const soft = name.startsWith("~") ? "~" : "";
      const floor = soft + (name.startsWith(`${soft}t|`) ? "t|" : "*");
      this.#marks.set(floor, Math.max(position, this.#marks.get(floor) ?? 0));
    }
    return this.#last;
  }

  all(): readonly Mark[] {
    return (this.#sorted ??= Array.from(this.#marks, ([name, position]) => ({ name, position })).toSorted(
      (one, other) => one.position - other.position,
    ));
  }

  /** Forgets a mark, as a log does with those by key after 10 minutes. */
  forget(name: string): void {
    this.#marks.delete(name);
    this.#sorted = undefined;
  }

  /** Loses everything, as by FLUSHALL. */
  lose(): void {
    this.#marks.clear();
    this.#sorted = undefined;
    this.#last = 0;
  }

  /** Returns what brings back the marks of now, as a server does that was killed before it has written the later ones. */
  copy(): () => void {
    const [marks, last] = [new Map(this.#marks), this.#last];
    return () => {
      this.#marks = new Map(marks);
      this.#sorted = undefined;
      this.#last = last;
    };
  }
}
