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

/** The result of waiting for a flight. */
export type Landing =
  /** The leader's whole response. `isKept`: the store has it already. */
  | { readonly kind: "stored"; readonly entry: Entry; readonly isKept: boolean }
  /** The leader's response, whose content is still coming. */
  | {
      readonly kind: "flowing";
      readonly flowing: Flowing;
      readonly content: Reading;
    }
  /** The response may not be shared: each request that waited runs the handler at once. */
  | { readonly kind: "not-shared" }
  /** The leader disconnected, or its response was purged: one of the requests that waited leads. */
  | { readonly kind: "retry" }
  /** The handler failed: a request is served stale if it may be, and otherwise runs the handler. */
  | { readonly kind: "failed" }
  /** The request may not wait any longer. */
  | { readonly kind: "timeout" };

/** A landing after which the flight is over. */
type Ending = Exclude<Landing, { readonly kind: "flowing" }>;

/** How long requests wait for a leader whose connection is held up, in ms. */
const HELD_MS = 1000;

/** One run of a handler, for which other requests may wait. */
export class Flight {
  #landing: Ending | Flowing | undefined;
  readonly #waiting = new Set<(landing: Landing) => void>();
  readonly #onOver: () => void;
  readonly #hasDeadline: boolean;
  readonly #isHeld: (() => boolean) | undefined;
  #isClosed = false;
  #leaderArrivedAt = -Infinity;
  #startedAt = -Infinity;

  /** `hasDeadline`: its run ends by itself. `isHeld` returns whether the leader's connection is held up. */
  constructor(onOver: () => void, hasDeadline: boolean, isHeld?: () => boolean) {
    this.#onOver = onOver;
    this.#isHeld = isHeld;
    this.#hasDeadline = hasDeadline;
  }

  /** The number of requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** When the leader's request arrived, as a position in the order of invalidations. */
  get leaderArrivedAt(): number {
    return this.#leaderArrivedAt;
  }

  /** When its run began, in epoch ms. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Notes when the leader's request arrived, and when its run began. */
  began(leaderArrivedAt: number, startedAt: number): void {
    this.#leaderArrivedAt = leaderArrivedAt;
    this.#startedAt = startedAt;
  }

  /** Whether further requests for its key ignore it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Returns what the flight has for a request, after at most `waitMs`: a handler may never respond (hazard 28). */
  wait(clock: Clock, waitMs: number): Promise<Landing> {
    if (this.#landing !== undefined) return Promise.resolve(landingOf(this.#landing));
    return new Promise((resolve) => {
      const cancel = clock.schedule(() => settle({ kind: "timeout" }), waitMs);
      const stopChecking = this.#isHeld && clock.schedule(() => this.#leaveHeldLeader(settle), HELD_MS);
      const settle = (landing: Landing): void => {
        cancel();
        stopChecking?.();
        this.#waiting.delete(settle);
        resolve(landing);
      };
      this.#waiting.add(settle);
    });
  }

  /** No request waits for the socket of another client, which may not read: one of them leads instead (hazard 28). */
  #leaveHeldLeader(settle: (landing: Landing) => void): void {
    if (this.#isHeld?.() !== true) return;
    this.close();
    settle({ kind: "retry" });
  }

  /** Closes the flight after a wait of `waitMs`, unless its run has a deadline of its own. */
  giveUp(): void {
    this.#isClosed = !this.#hasDeadline;
  }

  /** Makes further requests ignore the flight, because its response is of no use to them. */
  close(): void {
    this.#isClosed = true;
  }

  /** Shares a response whose content is still coming with the requests that wait, and with later ones. */
  flow(flowing: Flowing): void {
    this.#settle(flowing);
  }

  /**
   * Ends the flight for all requests that wait. Later requests find it until `written` settles, because the store does not
   * have the entry before.
   */
  land(landing: Ending, written?: Promise<unknown>): void {
    this.#settle(landing);
    if (written === undefined) this.#onOver();
    else void written.finally(this.#onOver);
  }

  /** Ends a flight whose response was purged, even if it has landed already: no later request finds it. */
  purge(): void {
    this.land({ kind: "retry" });
  }

  /** Only the first landing counts, except that a response that was still coming may be stored at its end. */
  #settle(landing: Ending | Flowing): void {
    const isStoredNow = isFlowing(this.#landing) && !isFlowing(landing) && landing.kind === "stored";
    if (this.#landing !== undefined && !isStoredNow) return;
    this.#landing = landing;
    for (const settle of this.#waiting) settle(landingOf(landing));
  }
}

/** A reader is added here, in the same turn, so that no part of the content is dropped before it is read. */
function landingOf(landing: Ending | Flowing): Landing {
  return isFlowing(landing) ? { kind: "flowing", flowing: landing, content: landing.read() } : landing;
}

function isFlowing(landing: Ending | Flowing | undefined): landing is Flowing {
  return landing !== undefined && "read" in landing;
}

/** A key whose last response could not be shared. */
interface HitForMiss {
  /** When it is forgotten, in epoch ms. */
  readonly until: number;
  readonly reason: Refusal | undefined;
  /** Whether that response was an error. */
  readonly isError: boolean;
}

/**
 * The flights of a process: one run per key at a time (single flight).
 *
 * A key whose response could not be shared is remembered for a while (hit-for-miss). Until then, or until a response for
 * it may be shared, requests do not queue behind a leader that has nothing for them (hazard 10).
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
    return flight?.isClosed === true ? undefined : flight;
  }

  /** Starts a flight, in place of one that is closed. `hasDeadline` and `isHeld` are those of `Flight`. */
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

  /** Returns whether the last response for this key could not be shared, and that is still remembered. */
  isHitForMiss(key: string, now: number): boolean {
    const known = this.#hitForMiss.get(key);
    if (known === undefined) return false;
    if (now < known.until) return true;
    this.#hitForMiss.delete(key);
    return false;
  }

  /** The same, but false if that response was an error: a stale response stands in for it (RFC 5861 §4). */
  isHitForMissWithoutError(key: string, now: number): boolean {
    return this.isHitForMiss(key, now) && this.#hitForMiss.get(key)?.isError === false;
  }

  /** Returns what is remembered of a key, though its time may be over. */
  hitForMissOf(key: string): HitForMiss | undefined {
    return this.#hitForMiss.get(key);
  }

  /** Remembers until an instant (epoch ms) that a response could not be shared. `isError`: it was an error. */
  rememberHitForMiss(key: string, until: number, reason?: Refusal, isError: boolean = false): void {
    this.#hitForMiss.set(key, { until, reason, isError });
  }

  /** Forgets that for one key, because a response for it may be shared. */
  forgetHitForMiss(key: string): void {
    this.#hitForMiss.delete(key);
  }

  /** Forgets that for all keys. */
  forgetAll(): void {
    this.#hitForMiss.clear();
  }
}
