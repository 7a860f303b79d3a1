/** How a request goes on after its lookup. One of the three is called, once. */
export interface Outcome {
  /** The handlers have to run. `run` is there if the cache reads their response. */
  proceed(run?: Run): void;
  /**
   * The cache has the response. `send` sends it, and need not be called at once. If something else is sent in its place,
   * `drop` is to be called.
   */
  answer(send: () => void, drop: () => void): void;
  /** The lookup has failed, with the error of a function in the route's options. */
  fail(error: unknown): void;
}

/** A run of the handlers that the cache reads. */
export interface Run {
  /**
   * The handlers have failed. If the error is an answer, what is sent for it may be stored: not if it `isForeign`, of code
   * around the handlers.
   */
  fail(error: unknown, isForeign?: boolean): void;
}
