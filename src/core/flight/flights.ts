import type { Reading } from "../contract/decisions.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Clock, Digest } from "../contract/platform.ts";
import type { Entry } from "../contract/store.ts";
import { BoundedMemory } from "./bounded-memory.ts";

/** A response that may be shared, and whose content is still coming. */
export interface Flowing {
  /** The future entry without its content. */
  readonly head: Entry;
  /** The `Content-Length` of the handler. */
  readonly length: string | undefined;
  /** Begins to read the content, from its first byte. */
  read(): Reading;
}

/** What those who wait for a flight get. */
export type Landing =
  /** The response of the leader. `isKept`: the store has kept it already. */
  | { readonly kind: "stored"; readonly entry: Entry; readonly isKept: boolean }
  /** The response of the leader, whose content is still coming. */
  | {
      readonly kind: "flowing";
      readonly flowing: Flowing;
      readonly content: Reading;
    }
  /** The response may not be shared: everyone runs the handler, at once. */
  | { readonly kind: "not-shared" }
  /** The leader went away: one of those who waited leads in its place. */
  | { readonly kind: "retry" }
  /** The handler failed: a request that may be served stale is, the others run it. */
  | { readonly kind: "failed" }
  /** The request has waited for as long as it may. */
  | { readonly kind: "timeout" };

/** What ends a flight. */
type Ending = Exclude<Landing, { readonly kind: "flowing" }>;

/** How long requests that have got nothing yet wait for a leader whose connection is held, in ms. */
const HELD_MS = 1000;

/** One run of a handler that others may wait for. */
export class Flight {
  #landing: Ending | Flowing | undefined;
  readonly #waiting = new Set<(landing: Landing) => void>();
  readonly #onOver: () => void;
  readonly #hasDeadline: boolean;
  readonly #isHeld: (() => boolean) | undefined;
  #isOverdue = false;

  /** `hasDeadline`: it is sure to end. `isHeld` returns whether the leader's connection takes nothing at the moment. */
  constructor(onOver: () => void, hasDeadline: boolean, isHeld?: () => boolean) {
    this.#onOver = onOver;
    this.#isHeld = isHeld;
    this.#hasDeadline = hasDeadline;
  }

  /** The number of requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether nobody begins to wait for it any more. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Waits for the landing, for `waitMs` at most: nobody waits for a handler that never responds (hazard 28). */
  wait(clock: Clock, waitMs: number): Promise<Landing> {
    if (this.#landing !== undefined) return Promise.resolve(landingOf(this.#landing));
    return new Promise((resolve) => {
      const cancel = clock.schedule(() => tell({ kind: "timeout" }), waitMs);
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

  /** Nobody waits for the socket of one client, which may not read: another request leads (hazard 28). */
  #look(tell: (landing: Landing) => void): void {
    if (this.#isHeld?.() !== true) return;
    this.pass();
    tell({ kind: "retry" });
  }

  /** A request has waited for as long as any does; a run with a deadline of its own ends by itself. */
  giveUp(): void {
    this.#isOverdue = !this.#hasDeadline;
  }

  /** Its response is of no use to requests that come from now on. */
  pass(): void {
    this.#isOverdue = true;
  }

  /** The head shows that the response may be shared: those who wait, and later requests, read it as it comes. */
  flow(flowing: Flowing): void {
    this.#tell(flowing);
  }

  /**
   * Ends the flight for all who wait. Until `written` settles, later requests find it, too, because the store does not
   * have its entry yet.
   */
  land(landing: Ending, written?: Promise<unknown>): void {
    this.#tell(landing);
    if (written === undefined) this.#onOver();
    else void written.finally(this.#onOver);
  }

  /** Ends a flight whose response was purged: nobody finds it any more, even where it has landed already. */
  purge(): void {
    this.land({ kind: "retry" });
  }

  /** The first landing counts; only a response that flows is stored later. */
  #tell(landing: Ending | Flowing): void {
    const isStoredNow = isFlowing(this.#landing) && !isFlowing(landing) && landing.kind === "stored";
    if (this.#landing !== undefined && !isStoredNow) return;
    this.#landing = landing;
    for (const tell of this.#waiting) tell(landingOf(landing));
  }
}

/** Those who get a content that is still coming read it from that moment on, so that none of it is let go before. */
function landingOf(landing: Ending | Flowing): Landing {
  return isFlowing(landing) ? { kind: "flowing", flowing: landing, content: landing.read() } : landing;
}

function isFlowing(landing: Ending | Flowing | undefined): landing is Flowing {
  return landing !== undefined && "read" in landing;
}

/** That the last response for a key could not be shared. */
interface HitForMiss {
  /** Until when that is remembered, epoch ms. */
  readonly until: number;
  readonly reason: Refusal | undefined;
  /** Whether it was an error. */
  readonly isError: boolean;
}

/**
 * The flights of a process: one run per key at a time (single flight).
 *
 * A key whose response could not be shared is remembered for a while (hit-for-miss), so that the next requests do not
 * queue behind a leader that has nothing for them (hazard 10). A storable response ends that.
 */
export class Flights {
  readonly #flying = new Map<string, Flight>();
  readonly #hitForMiss: BoundedMemory<HitForMiss>;

  constructor(digest?: Digest, limit?: number) {
    this.#hitForMiss = new BoundedMemory(digest, limit);
  }

  /** Returns the flight that a request for this key would wait for. */
  find(key: string): Flight | undefined {
    const flight = this.#flying.get(key);
    return flight?.isOverdue === true ? undefined : flight;
  }

  /** Starts a flight, in the place of one that is overdue. `hasDeadline` and `isHeld` are those of `Flight`. */
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
    const known = this.#hitForMiss.get(key);
    if (known === undefined) return false;
    if (now < known.until) return true;
    this.#hitForMiss.delete(key);
    return false;
  }

  /** The same without errors, for which a stale response stands in (RFC 5861 §4). */
  isHitForMissAnswer(key: string, now: number): boolean {
    return this.isHitForMiss(key, now) && this.#hitForMiss.get(key)?.isError === false;
  }

  /** Returns what is remembered of a key. */
  hitForMissOf(key: string): HitForMiss | undefined {
    return this.#hitForMiss.get(key);
  }

  /** Remembers until an instant (epoch ms) that a response could not be shared; `isError`: it was an error. */
  rememberHitForMiss(key: string, until: number, reason?: Refusal, isError: boolean = false): void {
    this.#hitForMiss.set(key, { until, reason, isError });
  }

  /** Forgets it: a response for this key may be shared. */
  forgetHitForMiss(key: string): void {
    this.#hitForMiss.delete(key);
  }

  /** Forgets it for all keys. */
  forgetAll(): void {
    this.#hitForMiss.clear();
  }
}
