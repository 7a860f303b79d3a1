import type { Reading } from "../contract/decisions.ts";
import type { Clock } from "../contract/platform.ts";
import type { Broadcast } from "./broadcast.ts";

/** What the readers of a content need to know of the run that produces it. */
interface Source {
  /** Whether the run has a client of its own. */
  readonly hasClient: boolean;
  /** Whether the content is wanted even if nobody reads it. */
  isWanted(): boolean;
  /** Nobody wants the rest of the content. */
  onUnwanted(): void;
  readonly clock: Clock;
  /** How long followers wait for a source that is silent, or that its own client holds back, in ms. */
  readonly waitMs: number;
}

/** How far the content has come. */
type Progress =
  | { readonly kind: "opened" }
  /** `stop` stops the source. */
  | { readonly kind: "streaming"; readonly stop: (() => void) | undefined }
  | { readonly kind: "over" };

/**
 * Who reads one run's content while it comes: its own client, and those who follow it.
 *
 * The run goes on as long as one of them is there. Once its own client has gone, a handler that takes its time cannot be
 * told from one that noticed and fell silent; so it may be silent for a limited time only.
 */
export class Readers {
  readonly #broadcast: Broadcast;
  readonly #source: Source;
  #client: Reading | "not-reading" | "gone";
  #progress: Progress = { kind: "opened" };
  #cancelTimer: (() => void) | undefined;

  constructor(broadcast: Broadcast, source: Source) {
    this.#broadcast = broadcast;
    this.#source = source;
    this.#client = source.hasClient ? "not-reading" : "gone";
  }

  /** The content begins to come; `stop` stops its source, and is called at most once. */
  begin(stop: (() => void) | undefined): void {
    if (this.#progress.kind === "over") return;
    this.#progress = { kind: "streaming", stop };
    this.heard();
  }

  /** The content for the run's own client, if it has one: the source waits for it where not everything is kept. */
  client(): Reading | undefined {
    if (this.#client === "not-reading")
      this.#client = this.#broadcast.read(() => void this.clientLeft(), true);
    return this.#client === "gone" ? undefined : this.#client;
  }

  /** The content for a follower. */
  follow(): Reading {
    return this.#broadcast.read(() => this.review());
  }

  /** The run's own client has gone; returns whether the run goes on. */
  clientLeft(): boolean {
    this.#client = "gone";
    if (!this.review()) return false;
    this.heard();
    return true;
  }

  /** The source has sent something. */
  heard(): void {
    this.#cancelTimer?.();
    if (this.#client !== "gone" || this.#progress.kind !== "streaming") return;
    const { clock, waitMs } = this.#source;
    this.#cancelTimer = clock.schedule(() => this.#giveUp(), waitMs);
  }

  /**
   * The source waits for those who read, so it may be silent until it is heard again. It does not wait for its own client
   * for long where that holds back others.
   */
  rest(): void {
    this.#cancelTimer?.();
    if (typeof this.#client === "object") this.#cancelTimer = this.hold(() => this.#broadcast.awaitNobody());
  }

  /** The run's own client holds the source back: `cut` is called once it has done so for too long while others read. */
  hold(cut: () => void): () => void {
    const { clock, waitMs } = this.#source;
    return clock.schedule(() => {
      const own = this.#client === "not-reading" ? 0 : 1;
      if (this.#client !== "gone" && this.#broadcast.readers > own) cut();
    }, waitMs);
  }

  /** Ends the run where nobody wants its content any more; returns whether it goes on. */
  review(): boolean {
    if (this.#progress.kind === "over") return false;
    if (this.#client !== "gone" || this.#broadcast.readers > 0 || this.#source.isWanted()) return true;
    this.#giveUp();
    return false;
  }

  /** The content has ended, in any way. */
  end(): void {
    this.#progress = { kind: "over" };
    this.#cancelTimer?.();
  }

  #giveUp(): void {
    const progress = this.#progress;
    if (progress.kind === "over") return;
    this.end();
    this.#source.onUnwanted();
    if (progress.kind === "streaming") progress.stop?.();
  }
}
