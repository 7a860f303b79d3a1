import type { Reading } from "../contract/decisions.ts";
import type { Clock } from "../contract/platform.ts";
import type { Broadcast } from "./broadcast.ts";

/** What an audience needs to know of its run. */
interface Run {
  /** Whether the run has a client of its own. */
  readonly hasClient: boolean;
  /** Whether the content is wanted even if nobody reads it. */
  isWanted(): boolean;
  /** Nobody wants the rest of the content. */
  onUnwanted(): void;
  readonly clock: Clock;
  /** How long those who follow wait for a source whose own client is gone, or holds it back, in ms. */
  readonly waitMs: number;
}

/**
 * Who reads one run's content while it comes: its own client, and those who follow it.
 *
 * The run goes on as long as one of them is there. Once its own client is gone, nobody can tell a handler that takes its
 * time from one that noticed and fell silent; so it has to say something every now and then.
 */
export class Readers {
  readonly #flow: Broadcast;
  readonly #run: Run;
  #hasClient: boolean;
  #client: AsyncIterableIterator<Uint8Array> | undefined;
  #stop: (() => void) | undefined;
  #isStreaming = false;
  #isOver = false;
  #cancelPatience: (() => void) | undefined;

  constructor(flow: Broadcast, run: Run) {
    this.#flow = flow;
    this.#run = run;
    this.#hasClient = run.hasClient;
  }

  /** The content begins to come; `stop` stops its source, and is called at most once. */
  begin(stop: (() => void) | undefined): void {
    this.#stop = stop;
    this.#isStreaming = true;
    this.heard();
  }

  /** The content for the run's own client, if it has one: the source waits for it where not everything is kept. */
  client(): AsyncIterableIterator<Uint8Array> | undefined {
    if (!this.#hasClient) return undefined;
    this.#client ??= this.#flow.read(() => void this.clientLeft(), true);
    return this.#client;
  }

  /** The content for one who follows. */
  follow(): Reading {
    return this.#flow.read(() => this.review());
  }

  /** The run's own client is gone; answers whether the run goes on. */
  clientLeft(): boolean {
    this.#hasClient = false;
    if (!this.review()) return false;
    this.heard();
    return true;
  }

  /** The source has said something. */
  heard(): void {
    this.#cancelPatience?.();
    if (this.#hasClient || this.#isOver || !this.#isStreaming) return;
    this.#cancelPatience = this.#run.clock.schedule(() => this.#giveUp(), this.#run.waitMs);
  }

  /**
   * The source waits for those who read: it is not to say anything until it is heard again. For its own client it does
   * not do so for long, where that holds back others.
   */
  rest(): void {
    this.#cancelPatience?.();
    if (this.#client !== undefined) this.#cancelPatience = this.hold(() => this.#flow.awaitNobody());
  }

  /** The run's own client holds the source back: `cut` is called once it has done so for too long while others read. */
  hold(cut: () => void): () => void {
    const { clock, waitMs } = this.#run;
    return clock.schedule(() => {
      const others = this.#flow.readers - (this.#client === undefined ? 0 : 1);
      if (this.#hasClient && others > 0) cut();
    }, waitMs);
  }

  /** Ends the run where nobody wants its content any more; answers whether it goes on. */
  review(): boolean {
    if (this.#isOver) return false;
    if (this.#hasClient || this.#flow.readers > 0 || this.#run.isWanted()) return true;
    this.#giveUp();
    return false;
  }

  /** The content has ended, in any way. */
  end(): void {
    this.#isOver = true;
    this.#cancelPatience?.();
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.end();
    this.#run.onUnwanted();
    this.#stop?.();
  }
}
