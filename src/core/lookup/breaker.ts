import type { Clock } from "../contract/platform.ts";

/** How many failures in a row open a breaker. */
const OPENS_AFTER = 5;

/** How long an open breaker waits before it lets the next trial through, in ms. */
const TRIAL_EVERY_MS = 500;

/** What a breaker tells. */
export interface BreakerEvents {
  /** Called each time it opens, with the last error. `isNews`: it has not been told since it last recovered. */
  opened(error: unknown, isNews: boolean): void;
  /** Called once calls succeed again, with how long that took, in ms. */
  recovered(afterMs: number): void;
}

/**
 * Stops the calls of a store that has failed five times in a row.
 *
 * Calls are of two kinds, with a row of failures for each, and a success ends the row of its own kind alone. Else a poll that
 * goes on working would hide that all reads fail, and a removal that needs no memory that all writes do. A breaker that is
 * open lets one call through every 500 ms, the trial. Successes of the deciding kind close it; of the other kind, they do
 * where only that one has failed.
 */
export class Breaker<Kind extends string> {
  readonly #clock: Clock;
  #deciding: Kind;
  readonly #events: BreakerEvents;
  readonly #rows = new Map<Kind, number>();
  #isOpen = false;
  /** Nothing has failed since all was well. */
  #isCalm = true;
  #toldAt: number | undefined;
  #nextTrialAt = Infinity;
  /** Until then a probe does not close it: of what the probe tells nothing about, more calls would fail. */
  #openUntil = 0;
  #hasTrials = true;
  #isShut = false;

  /** `deciding` is the kind of call whose success closes the breaker in any case. */
  constructor(clock: Clock, deciding: Kind, events: BreakerEvents) {
    this.#clock = clock;
    this.#deciding = deciding;
    this.#events = events;
  }

  /** Whether calls are refused, but for trials. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether a failure of this kind is no news: it was told that calls are refused, or the last probe failed, too. */
  isKnown(kind: Kind): boolean {
    return this.#toldAt !== undefined || (this.#isProbe(kind) && (this.#rows.get(kind) ?? 0) > 0);
  }

  /** Whether a call would be let through now. */
  get isPassable(): boolean {
    return !this.#isOpen || this.#clock.now() >= this.#nextTrialAt;
  }

  /** Returns whether a call may be made. Each call that is made is followed by `passed` or `failed`. */
  admits(): boolean {
    if (!this.#isOpen) return true;
    if (!this.isPassable) return false;
    this.#nextTrialAt = Infinity;
    return true;
  }

  /**
   * From now on there are no trials: calls of this kind, which need not be admitted, close it. Their failures do not open it,
   * because other calls may succeed.
   */
  leaveTo(probes: Kind): void {
    this.#deciding = probes;
    this.#hasTrials = false;
    this.#nextTrialAt = Infinity;
  }

  /** Opens by the next failure, because the store fails otherwise. */
  suspect(): void {
    this.#isCalm = false;
    this.#rows.set(this.#deciding, Math.max(this.#rows.get(this.#deciding) ?? 0, OPENS_AFTER - 1));
  }

  /** Lets calls through again, because the store works otherwise. The next one that fails opens the breaker again. */
  tryAgain(): void {
    if (this.#isOpen && !this.#isShut) this.#close();
  }

  /** Refuses all calls from now on. */
  shut(): void {
    this.#isShut = true;
    this.#isOpen = true;
    this.#nextTrialAt = Infinity;
  }

  /** A call has succeeded in time. */
  passed(kind: Kind): void {
    if (this.#isCalm || this.#isShut) return;
    this.#rows.set(kind, 0);
    if (this.#isOpen) this.#closeBy(kind);
    if (this.#isOpen || this.#longestRow() > 0) return;
    this.#isCalm = true;
    if (this.#toldAt !== undefined) this.#events.recovered(this.#clock.now() - this.#toldAt);
    this.#toldAt = undefined;
  }

  /** A call has failed, or was too late. */
  failed(kind: Kind, error: unknown): void {
    if (this.#isShut) return;
    this.#isCalm = false;
    const row = (this.#rows.get(kind) ?? 0) + 1;
    this.#rows.set(kind, row);
    if (this.#isProbe(kind) || (row < OPENS_AFTER && !this.#isOpen)) return;
    const retryAt = this.#clock.now() + TRIAL_EVERY_MS;
    if (this.#hasTrials) this.#nextTrialAt = retryAt;
    else this.#openUntil = retryAt;
    if (this.#isOpen) return;
    this.#isOpen = true;
    const isNews = this.#toldAt === undefined;
    this.#toldAt ??= this.#clock.now();
    this.#events.opened(error, isNews);
  }

  #isProbe(kind: Kind): boolean {
    return !this.#hasTrials && kind === this.#deciding;
  }

  #closeBy(kind: Kind): void {
    const isDecided = kind === this.#deciding && this.#clock.now() >= this.#openUntil;
    this.#isOpen = !isDecided && this.#longestRow() >= OPENS_AFTER;
    if (this.#isOpen) {
      // It was no trial of what fails, which may have its own at once.
      if (this.#hasTrials) this.#nextTrialAt = this.#clock.now();
      return;
    }
    this.#close();
  }

  /** What has failed before has to prove itself: its next failure opens the breaker again. */
  #close(): void {
    this.#isOpen = false;
    for (const [kind, row] of this.#rows) this.#rows.set(kind, Math.min(row, OPENS_AFTER - 1));
  }

  #longestRow(): number {
    return Math.max(0, ...this.#rows.values());
  }
}
