import type { Reading } from "../contract/decisions.ts";
import type { Clock } from "../contract/platform.ts";
import type { Broadcast } from "./broadcast.ts";

/** What the readers of a content need to know of the run that produces it. */
interface Source {
  /** Whether the run has a client of its own. */
  readonly hasClient: boolean;
  /** Whether the content is wanted even if nobody reads it. */
  isWanted(): boolean;
  /** Called once, when nobody wants the rest of the content. */
  onUnwanted(): void;
  readonly clock: Clock;
  /** How long, in ms, a source may be silent without its client, and how long its client may hold back followers. */
  readonly waitMs: number;
}

/** The state of the content. */
type Progress =
  | { readonly kind: "opened" }
  /** `stop` stops the source. */
  | { readonly kind: "streaming"; readonly stop: (() => void) | undefined }
  | { readonly kind: "over" };

/**
 * The readers of one run's content while it comes: its own client and its followers.
 *
 * The run goes on while it has a reader. A handler that noticed that its client has gone may send no more, and looks the
 * same as a slow one. So without its client it may be silent for a limited time only.
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

  /** Begins the content. `stop` stops its source, and is called at most once. */
  begin(stop: (() => void) | undefined): void {
    if (this.#progress.kind === "over") return;
    this.#progress = { kind: "streaming", stop };
    this.onSent();
  }

  /**
   * Returns the content for the run's own client, or undefined without one. The source waits for this reader if not
   * everything is kept.
   */
  client(): Reading | undefined {
    if (this.#client === "not-reading")
      this.#client = this.#broadcast.read(() => void this.clientLeft(), true);
    return this.#client === "gone" ? undefined : this.#client;
  }

  /** Returns the content for a new follower. */
  follow(): Reading {
    return this.#broadcast.read(() => this.endIfUnwanted());
  }

  /** Reports that the run's own client has gone. Returns whether the run goes on. */
  clientLeft(): boolean {
    this.#client = "gone";
    if (!this.endIfUnwanted()) return false;
    this.onSent();
    return true;
  }

  /** Reports that the source has sent something, or may send again. */
  onSent(): void {
    this.#cancelTimer?.();
    if (this.#client !== "gone" || this.#progress.kind !== "streaming") return;
    const { clock, waitMs } = this.#source;
    this.#cancelTimer = clock.schedule(() => this.#giveUp(), waitMs);
  }

  /**
   * Reports that the source waits for its readers, so it may be silent until `onSent`. If it waits for its own client, and
   * that holds back followers, it does so for `waitMs` at most.
   */
  onSourceWaits(): void {
    this.#cancelTimer?.();
    if (typeof this.#client === "object") this.#cancelTimer = this.hold(() => this.#broadcast.awaitNobody());
  }

  /** Calls `cut` if the run's own client still holds back followers after `waitMs`. Returns how to cancel that. */
  hold(cut: () => void): () => void {
    const { clock, waitMs } = this.#source;
    return clock.schedule(() => {
      const own = this.#client === "not-reading" ? 0 : 1;
      if (this.#client !== "gone" && this.#broadcast.readers > own) cut();
    }, waitMs);
  }

  /** Ends the run if nobody wants its content any more. Returns whether it goes on. */
  endIfUnwanted(): boolean {
    if (this.#progress.kind === "over") return false;
    if (this.#client !== "gone" || this.#broadcast.readers > 0 || this.#source.isWanted()) return true;
    this.#giveUp();
    return false;
  }

  /** Reports that the content has ended, in any way. */
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
