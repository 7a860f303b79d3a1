import type { Clock } from "../../../src/index.ts";
import { BEGINNING } from "../clock.ts";
import type { VirtualClock } from "../clock.ts";
import type { Random } from "../random.ts";

/** How a node's clock goes. */
export interface Drift {
  /** How far it is ahead, in ms. */
  readonly aheadMs: number;
  /** How many ms it counts in one. */
  readonly rate: number;
}

interface Turn {
  readonly isTimer: boolean;
  run: (() => void) | undefined;
}

/**
 * The clock and the event loop of one node. While the loop is stalled, everything that reaches the node waits; then it runs
 * at once, each in a turn of its own: in the order in which it came, or the timers first.
 */
export class NodeClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #drift: Drift;
  #backMs = 0;
  #stalledUntil = -Infinity;
  #late: Turn[] = [];
  #isCatchingUp = false;
  #timers = 0;
  #isDead = false;

  constructor(clock: VirtualClock, random: Random, drift: Drift) {
    this.#clock = clock;
    this.#random = random;
    this.#drift = drift;
  }

  /** How many ms pass while this clock counts so many. */
  really(ms: number): number {
    return ms / this.#drift.rate;
  }

  /** How many timers of the core are set. */
  get timers(): number {
    return this.#isDead ? 0 : this.#timers;
  }

  get isStalled(): boolean {
    return this.#clock.instant() < this.#stalledUntil || this.#isCatchingUp;
  }

  now(): number {
    const { aheadMs, rate } = this.#drift;
    return BEGINNING + aheadMs - this.#backMs + (this.#clock.instant() - BEGINNING) * rate;
  }

  /** Whether it was ever set back. */
  get isSetBack(): boolean {
    return this.#backMs > 0;
  }

  setBack(ms: number): void {
    this.#backMs += ms;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const turn: Turn = { isTimer: true, run: undefined };
    this.#timers++;
    const end = (): void => {
      if (turn.run !== undefined) this.#timers--;
      turn.run = undefined;
    };
    turn.run = () => {
      end();
      callback();
    };
    const cancel = this.#clock.schedule(() => this.#reach(turn), this.really(delayMs));
    return () => {
      cancel();
      end();
    };
  }

  /** Something from outside reaches the node. */
  reach(run: () => void): void {
    this.#reach({ isTimer: false, run });
  }

  /** The event loop does not turn for so long. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#clock.instant() + ms);
    this.#clock.after(ms, () => this.#wake());
  }

  /** The process is gone: nothing runs in it any more. */
  die(): void {
    this.#isDead = true;
    this.#late = [];
  }

  #reach(turn: Turn): void {
    if (this.#isDead) return;
    if (this.isStalled) this.#late.push(turn);
    else turn.run?.();
  }

  #wake(): void {
    if (this.#clock.instant() < this.#stalledUntil || this.#isCatchingUp) return;
    if (this.#random.chance(0.5))
      this.#late = [
        ...this.#late.filter((turn) => turn.isTimer),
        ...this.#late.filter((turn) => !turn.isTimer),
      ];
    this.#isCatchingUp = true;
    this.#catchUp();
  }

  #catchUp(): void {
    const turn = this.#late.shift();
    if (turn === undefined) this.#isCatchingUp = false;
    else {
      turn.run?.();
      this.#clock.after(0, () => this.#catchUp());
    }
  }
}
