import type { Reading } from "../contract/decisions.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Clock, Digest } from "../contract/platform.ts";
import type { Entry } from "../contract/store.ts";
import { BoundedMemory } from "./bounded-memory.ts";

/** A response that may be shared and whose content is still coming. */
export interface Flowing {
  /** The entry to be, its content apart. */
  readonly head: Entry;
  /** The `Content-Length` that the handler said. */
  readonly length: string | undefined;
  /** Begins to read the content, from its first byte. */
  read(): Reading;
}

/** What a flight has for those who wait for it. */
export type Landing =
  /** The leader's response may be shared; `isKept`: the store has said already that it keeps it. */
  | { readonly kind: "stored"; readonly entry: Entry; readonly isKept: boolean }
  /** It may be shared, and its content is on its way. */
  | {
      readonly kind: "flowing";
      readonly flowing: Flowing;
      readonly content: Reading;
    }
  /** It may not be shared: everyone runs the handler, at once. */
  | { readonly kind: "not-shared" }
  /** The leader went away: one of those who waited leads in its place. */
  | { readonly kind: "retry" }
  /** The handler failed: whoever may be served stale is, the others run it. */
  | { readonly kind: "failed" }
  /** The one who waits has waited for long enough. */
  | { readonly kind: "timeout" };

/** What ends a flight. */
type Ending = Exclude<Landing, { readonly kind: "flowing" }>;

/** After which time those who have had nothing yet do not wait for a leader whose client's connection is held, in ms. */
const HELD_MS = 1000;

/** One run of a handler that others may wait for. */
export class Flight {
  #landing: Ending | Flowing | undefined;
  readonly #waiting = new Set<(landing: Landing) => void>();
  readonly #onOver: () => void;
  readonly #hasDeadline: boolean;
  readonly #isHeld: (() => boolean) | undefined;
  #isOverdue = false;

  /** `isHeld` is whether the leader's connection takes nothing at the moment. */
  constructor(onOver: () => void, hasDeadline: boolean, isHeld?: () => boolean) {
    this.#onOver = onOver;
    this.#isHeld = isHeld;
    this.#hasDeadline = hasDeadline;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether somebody has asked it in vain: nobody else begins to. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Waits for the landing, `patienceMs` at most: nobody waits for a handler that never answers (hazard 28). */
  wait(clock: Clock, patienceMs: number): Promise<Landing> {
    if (this.#landing !== undefined) return Promise.resolve(landingOf(this.#landing));
    return new Promise((resolve) => {
      const cancel = clock.schedule(() => tell({ kind: "timeout" }), patienceMs);
      const stopLooking = this.#isHeld && clock.schedule(() => this.#look(tell), HELD_MS);
      const tell = (landing: Landing): void => {
        cancel();
        stopLooking?.();
        this.#waiting.delete(tell);
        resolve(landing);
      };
      this.#waiting.add(tell);
    });
  }

  /** Nobody waits for the socket of one client, who may not read: another one leads (hazard 28). */
  #look(tell: (landing: Landing) => void): void {
    if (this.#isHeld?.() !== true) return;
    this.pass();
    tell({ kind: "retry" });
  }

  /** Somebody has waited in vain for as long as anybody does; a run with a deadline of its own ends by itself. */
  giveUp(): void {
    this.#isOverdue = !this.#hasDeadline;
  }

  /** What it has is of no use to those who come from now on. */
  pass(): void {
    this.#isOverdue = true;
  }

  /** The head shows that the response may be shared: those who wait, and those who come, read it as it comes. */
  flow(flowing: Flowing): void {
    this.#tell(flowing);
  }

  /**
   * Ends the flight: everyone who waits is told. Until `written` settles, those who come later find the flight too,
   * because the store does not have its entry yet.
   */
  land(landing: Ending, written?: Promise<unknown>): void {
    this.#tell(landing);
    if (written === undefined) this.#onOver();
    else void written.finally(this.#onOver);
  }

  /** Ends a flight whose response was purged: nobody finds it any more, even if it has landed already. */
  purge(): void {
    this.land({ kind: "retry" });
  }

  /** The first word counts; only what flows is told to be stored in the end. */
  #tell(landing: Ending | Flowing): void {
    const isStoredNow = isFlowing(this.#landing) && !isFlowing(landing) && landing.kind === "stored";
    if (this.#landing !== undefined && !isStoredNow) return;
    this.#landing = landing;
    for (const tell of this.#waiting) tell(landingOf(landing));
  }
}

/** Whoever is told of what flows reads it from that moment on, so that nothing of it is let go before. */
function landingOf(landing: Ending | Flowing): Landing {
  return isFlowing(landing) ? { kind: "flowing", flowing: landing, content: landing.read() } : landing;
}

function isFlowing(landing: Ending | Flowing | undefined): landing is Flowing {
  return landing !== undefined && "read" in landing;
}

/** Why and until when (epoch ms) a key counts as uncacheable. */
interface Uncacheable {
  readonly until: number;
  readonly reason: Refusal | undefined;
  /** Its last response was an error. */
  readonly isError: boolean;
}

/**
 * Keeps the flights of a process: one run per key at a time (single flight).
 *
 * A key whose response could not be shared is remembered as uncacheable for a while, so that the next crowd does not
 * queue behind a leader who has nothing for it (hazard 10); a storable response makes it forget.
 */
export class Flights {
  readonly #flying = new Map<string, Flight>();
  readonly #uncacheable: BoundedMemory<Uncacheable>;

  constructor(digest?: Digest, limit?: number) {
    this.#uncacheable = new BoundedMemory(digest, limit);
  }

  /** The flight that a request for this key would wait for. */
  find(key: string): Flight | undefined {
    const flight = this.#flying.get(key);
    return flight?.isOverdue === true ? undefined : flight;
  }

  /** Starts a flight, in the place of one that is overdue. `hasDeadline`: it is sure to end. */
  lead(key: string, hasDeadline: boolean = false, isHeld?: () => boolean): Flight {
    const flight = new Flight(
      () => {
        if (this.#flying.get(key) === flight) this.#flying.delete(key);
      },
      hasDeadline,
      isHeld,
    );
    this.#flying.set(key, flight);
    return flight;
  }

  /** Whether the last response for this key, not long ago, could not be shared. */
  isHitForMiss(key: string, now: number): boolean {
    const known = this.#uncacheable.get(key);
    if (known === undefined) return false;
    if (now < known.until) return true;
    this.#uncacheable.delete(key);
    return false;
  }

  /** The same, leaving out errors: what is stale stands in for those (RFC 5861 §4). */
  isHitForMissAnswer(key: string, now: number): boolean {
    return this.isHitForMiss(key, now) && this.#uncacheable.get(key)?.isError === false;
  }

  /** What is remembered of a key. */
  remembered(key: string): Uncacheable | undefined {
    return this.#uncacheable.get(key);
  }

  /** Remembers until an instant (epoch ms) that a response could not be shared; `isError`: it was an error. */
  rememberHitForMiss(key: string, until: number, reason?: Refusal, isError: boolean = false): void {
    this.#uncacheable.set(key, { until, reason, isError });
  }

  /** Forgets of all keys that their responses could not be shared. */
  forgetAll(): void {
    this.#uncacheable.clear();
  }

  /** Forgets it: a storable response was seen. */
  forgetHitForMiss(key: string): void {
    this.#uncacheable.delete(key);
  }
}
