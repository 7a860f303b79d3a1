import type { Outcome, Refusal } from "../contract/outcomes.ts";

/** What a cache counts itself since it was created. */
export interface Counts {
  /** How many requests had each outcome. */
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** How many requests were not looked up or responses not stored, by reason. Absent: none for this reason. */
  readonly refusals: Readonly<Partial<Record<Refusal, number>>>;
  /** How many responses of handlers were stored since then. */
  readonly stored: number;
  /** How many times a handler ran in the background to refresh a stored response. */
  readonly refreshes: number;
}

/** The counters of a cache. */
export class Counters {
  readonly #outcomes: Record<Outcome, number> = {
    hit: 0,
    stale: 0,
    revalidated: 0,
    miss: 0,
    collapsed: 0,
    bypass: 0,
  };
  readonly #refusals: Partial<Record<Refusal, number>> = {};
  #stored = 0;
  #refreshes = 0;

  count(outcome: Outcome): void {
    this.#outcomes[outcome]++;
  }

  refused(reason: Refusal): void {
    this.#refusals[reason] = (this.#refusals[reason] ?? 0) + 1;
  }

  stored(): void {
    this.#stored++;
  }

  refreshed(): void {
    this.#refreshes++;
  }

  /** Returns the counts of now, in objects of their own. */
  read(): Counts {
    return {
      outcomes: { ...this.#outcomes },
      refusals: { ...this.#refusals },
      stored: this.#stored,
      refreshes: this.#refreshes,
    };
  }
}
