import type { Clock } from "../contract/platform.ts";
import type { MaybePromise } from "../contract/store.ts";
import type { Ledger } from "./ledger.ts";
import { CHARACTERS_PER_NAME, EVERYTHING, isKeyName, keyName, resourceOf } from "./names.ts";
import type { Name } from "./names.ts";

/** The calls of a guarded store. Undefined: the call failed, which was reported. None throws, or takes beyond its deadline. */
export interface WriteCalls {
  addMarks(names: readonly Name[], above: number): MaybePromise<number | undefined>;
  delete(resource: string, position: number): MaybePromise<number | undefined>;
}

/** What a removal has done. */
export interface Removal {
  /** How many entries were removed. Undefined: the store has failed, or has not finished. */
  readonly removed: number | undefined;
  /** Undefined: the log does not have it yet. */
  readonly position: number | undefined;
}

/** What a sender tells, and asks. */
interface On {
  /** Names are being sent. Returns from which arrival on all come after them. */
  adding(): number;
  /** The log has names: all are above one position, and the last is at the other. */
  added(names: readonly Name[], above: number, last: number): void;
  /** Names are kept, to be sent again. */
  failed(): void;
  /** Whether the log cannot be read. */
  isBlind(): boolean;
}

/** How many names may be waiting to be sent again; in characters this times `CHARACTERS_PER_NAME`. */
const MOST_UNSENT = 10_000;
/** How many names are sent again in one call. */
const NAMES_PER_CALL = 1000;

/**
 * Sends invalidations to a log. In the ledger they are pending until the log has them, and count at once. What fails is kept, to
 * be sent again; of too many names, one mark of everything is.
 */
export class MarkSender {
  readonly #ledger: Ledger;
  readonly #calls: WriteCalls;
  readonly #clock: Clock;
  readonly #on: On;
  /** The names whose marks failed. Each is pending in the ledger. */
  readonly #unsent = new Set<Name>();
  #characters = 0;
  #begun = 0;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(ledger: Ledger, calls: WriteCalls, clock: Clock, on: On) {
    this.#ledger = ledger;
    this.#calls = calls;
    this.#clock = clock;
    this.#on = on;
  }

  /** How many calls were begun to send names. */
  get begun(): number {
    return this.#begun;
  }

  /** Whether names are kept, to be sent again. */
  get hasUnsent(): boolean {
    return this.#unsent.size > 0;
  }

  /** Marks names. Returns the position; undefined if they are kept. */
  async mark(names: readonly Name[]): Promise<number | undefined> {
    const all = [...new Set(names)];
    if (all.length === 0) return this.#ledger.position;
    this.#ledger.pend(all, this.#on.adding());
    // Else each would wait for the deadline of a store that took that of the last one already.
    const isHopeless = this.hasUnsent && this.#on.isBlind();
    const position = isHopeless ? undefined : await this.#add(all);
    if (position === undefined) this.#keep(all);
    return position;
  }

  /**
   * Removes resources, and marks other names in the same call. A removal that fails is repeated, with its mark: a log does not
   * keep marks by key for ever. Resolves after `mostMs` at the latest, or when the mark has failed.
   */
  async remove(resources: readonly string[], names: readonly Name[], mostMs: number): Promise<Removal> {
    const ends = this.#clock.now() + mostMs;
    const position = await this.mark([...resources.map(keyName), ...names]);
    // Its position is not known, so all that can be refused is what began before the last one that is.
    const above = position ?? this.#ledger.position + 1;
    const removals = resources.map((resource) => this.#delete(resource, above, position !== undefined));
    if (position === undefined) return { removed: undefined, position };
    const removed = Promise.all(removals).then((counts) =>
      counts.reduce((sum, count) => (count === undefined || sum === undefined ? undefined : sum + count), 0),
    );
    return { removed: await this.#until(ends, removed), position };
  }

  /** Sends names again whose marks failed. */
  async resend(): Promise<void> {
    const names = this.#take();
    for (let at = 0; at < names.length; at += NAMES_PER_CALL) {
      const some = names.slice(at, at + NAMES_PER_CALL);
      this.#on.adding();
      const position = await this.#add(some);
      if (position === undefined) return this.#keep(names.slice(at));
      const keys = some.filter(isKeyName);
      await Promise.all(keys.map((name) => this.#delete(resourceOf(name), position, true)));
    }
  }

  /** Sends names again, and waits for those that are on their way, for `mostMs` at most. */
  async flush(mostMs: number): Promise<void> {
    await this.#until(this.#clock.now() + mostMs, Promise.all([...this.#underWay, this.resend()]));
  }

  /** Sends names that are pending. If the log has them, they are no longer. */
  async #add(names: readonly Name[]): Promise<number | undefined> {
    this.#begun++;
    const above = this.#ledger.position;
    const adding = Promise.resolve(this.#calls.addMarks(names, above));
    this.#underWay.add(adding);
    const position = await adding;
    this.#underWay.delete(adding);
    if (position === undefined) return undefined;
    this.#ledger.settle(names, position);
    this.#on.added(names, above, position);
    return position;
  }

  async #delete(resource: string, position: number, isRepeated: boolean): Promise<number | undefined> {
    const removed = await this.#calls.delete(resource, position);
    if (removed !== undefined || !isRepeated) return removed;
    this.#ledger.pend([keyName(resource)], this.#on.adding());
    this.#keep([keyName(resource)]);
    return undefined;
  }

  #keep(names: readonly Name[]): void {
    for (const name of names) {
      if (this.#unsent.has(name)) this.#ledger.settle([name]);
      else this.#characters += name.length;
      this.#unsent.add(name);
    }
    if (this.#unsent.size > MOST_UNSENT || this.#characters > MOST_UNSENT * CHARACTERS_PER_NAME) {
      this.#ledger.pend([EVERYTHING], this.#on.adding());
      this.#ledger.settle(this.#take());
      this.#keep([EVERYTHING]);
    }
    this.#on.failed();
  }

  #take(): readonly Name[] {
    const names = [...this.#unsent];
    this.#unsent.clear();
    this.#characters = 0;
    return names;
  }

  /** Returns what a promise has at an instant. Undefined: nothing yet. */
  #until<T>(ends: number, value: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(() => resolve(undefined), Math.max(0, ends - this.#clock.now()));
      void value.then((result) => {
        cancel();
        resolve(result);
      });
    });
  }
}
