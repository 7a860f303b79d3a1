import type { Clock } from "./clock.ts";
import type { Refusal } from "./events.ts";
import type { Entry } from "./store.ts";

/** How a flight ended, as those who waited for it are told. */
export type Landing =
  /** The leader's response was stored and may be shared. */
  | { readonly kind: "stored"; readonly entry: Entry }
  /** It may not be shared, or flows in parts: everyone runs the handler, at once. */
  | { readonly kind: "alone" }
  /** The leader went away: one of those who waited leads in its place. */
  | { readonly kind: "again" };

/** One run of a handler that others may wait for. */
export class Flight {
  #landing: Landing | undefined;
  #waiting: ((landing: Landing) => void)[] = [];
  #stopWaiting: (() => void) | undefined;
  readonly #onLanded: () => void;

  constructor(onLanded: () => void) {
    this.#onLanded = onLanded;
  }

  /**
   * Waits for the end. `patienceMs` after the first began to wait, the leader counts as gone, so that nobody waits for
   * a handler that never answers (hazard 28).
   */
  wait(clock: Clock, patienceMs: number): Promise<Landing> {
    if (this.#landing !== undefined) return Promise.resolve(this.#landing);
    this.#stopWaiting ??= clock.schedule(() => this.land({ kind: "again" }), patienceMs);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Ends the flight: the first word counts, everyone who waits is told it at once. Until `written` settles, those who
   * come later find the flight too, because the store does not have its entry yet.
   */
  land(landing: Landing, written?: Promise<unknown>): void {
    if (this.#landing !== undefined) return;
    this.#landing = landing;
    this.#stopWaiting?.();
    if (written === undefined) this.#onLanded();
    else void written.finally(this.#onLanded);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(landing);
  }

  /** Ends a flight whose response was purged: nobody finds it any more, even if it has landed already. */
  purge(): void {
    this.land({ kind: "again" });
    this.#onLanded();
  }
}

/** Longer keys are not remembered: ten thousand of them would weigh too much (hazard 17). */
const REMEMBERED_KEY = 2048;

/**
 * Keeps the flights of a process: one run per key at a time (single flight).
 *
 * A key whose response could not be shared is remembered as uncacheable for a while, so that the next crowd does not
 * queue behind a leader who has nothing for it (hazard 10); a storable response makes it forget.
 */
export class Flights {
  readonly #rememberMs: number;
  readonly #limit: number;
  readonly #flying = new Map<string, Flight>();
  readonly #uncacheable = new Map<string, { readonly until: number; readonly reason: Refusal | undefined }>();

  constructor(rememberMs: number, limit = 10_000) {
    this.#rememberMs = rememberMs;
    this.#limit = limit;
  }

  /** The flight that a request for this key would wait for. */
  find(key: string): Flight | undefined {
    return this.#flying.get(key);
  }

  /** Starts a flight. */
  lead(key: string): Flight {
    const flight = new Flight(() => {
      if (this.#flying.get(key) === flight) this.#flying.delete(key);
    });
    this.#flying.set(key, flight);
    return flight;
  }

  /** Whether the last response for this key, not long ago, could not be shared. */
  isUncacheable(key: string, now: number): boolean {
    const known = this.#uncacheable.get(key);
    if (known === undefined) return false;
    if (now < known.until) return true;
    this.#uncacheable.delete(key);
    return false;
  }

  /** Why and until when (epoch ms) a key counts as uncacheable, as far as it is remembered. */
  remembered(key: string): { readonly until: number; readonly reason: Refusal | undefined } | undefined {
    return this.#uncacheable.get(key);
  }

  /** Remembers that a response could not be shared. */
  rememberUncacheable(key: string, now: number, reason?: Refusal): void {
    if (key.length > REMEMBERED_KEY) return;
    this.#uncacheable.delete(key);
    this.#uncacheable.set(key, { until: now + this.#rememberMs, reason });
    if (this.#uncacheable.size <= this.#limit) return;
    for (const oldest of this.#uncacheable.keys()) {
      this.#uncacheable.delete(oldest);
      return;
    }
  }

  /** Forgets it: a storable response was seen. */
  forgetUncacheable(key: string): void {
    this.#uncacheable.delete(key);
  }
}
