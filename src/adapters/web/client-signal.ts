/** The signal of a request, which is aborted when its client disconnects. */
export class ClientSignal {
  /** The requests of some runtimes have none. */
  readonly #signal: AbortSignal | undefined;
  #listener: (() => void) | undefined;

  constructor({ signal }: Request) {
    this.#signal = signal as AbortSignal | undefined;
  }

  /** Whether a disconnect is reported at all. */
  get isWatched(): boolean {
    return this.#signal !== undefined;
  }

  /** Whether the client has disconnected. */
  get isGone(): boolean {
    return this.#signal?.aborted === true;
  }

  /** The reason of the disconnect. */
  get reason(): unknown {
    return this.#signal?.reason;
  }

  /** Calls `listener` on disconnect, or at once if the client is gone already. Replaces any earlier listener. */
  onGone(listener: (reason: unknown) => void): void {
    this.forget();
    if (this.isGone) return listener(this.reason);
    this.#listener = () => listener(this.reason);
    this.#signal?.addEventListener("abort", this.#listener, { once: true });
  }

  /** Removes the listener. */
  forget(): void {
    if (this.#listener !== undefined) this.#signal?.removeEventListener("abort", this.#listener);
    this.#listener = undefined;
  }
}
