/** The client of a request, as far as the request's signal tells of it. */
export class Client {
  /** Some runtimes' requests have none. */
  readonly #signal: AbortSignal | undefined;
  #listener: (() => void) | undefined;

  constructor({ signal }: Request) {
    this.#signal = signal as AbortSignal | undefined;
  }

  /** Whether it would be heard of if it went away. */
  get isWatched(): boolean {
    return this.#signal !== undefined;
  }

  get isGone(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Why it went away. */
  get reason(): unknown {
    return this.#signal?.reason;
  }

  /** Has its going away told, at once if it has gone, to this listener and to none of those before. */
  whenGone(onGone: (reason: unknown) => void): void {
    this.forget();
    if (this.isGone) return onGone(this.reason);
    this.#listener = () => onGone(this.reason);
    this.#signal?.addEventListener("abort", this.#listener, { once: true });
  }

  /** It may go now. */
  forget(): void {
    if (this.#listener !== undefined) this.#signal?.removeEventListener("abort", this.#listener);
    this.#listener = undefined;
  }
}
