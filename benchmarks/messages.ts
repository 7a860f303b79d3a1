/** What a server process answers when it is asked for its usage. */
export interface ServerUsage {
  /** CPU time of the process since its start, all threads, in microseconds. */
  readonly cpuMicros: number;
  readonly handlerRuns: number;
}

/** One slice of load: how, on whom, how long. */
export interface LoadOrder {
  readonly port: number;
  /** The request as it goes on the wire, in latin1. */
  readonly request: string;
  readonly status: number;
  readonly bodyBytes: number;
  readonly connections: number;
  readonly seconds: number;
  /** Whether the content comes in chunks, whose sizes are not told before: it ends with an empty one. */
  readonly isChunked?: boolean;
  /** Where in the request ten digits stand that are another number each time. */
  readonly numberAt?: number;
}

/** What one slice of load came to. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** CPU time that the load process itself spent, in microseconds. */
  readonly cpuMicros: number;
}

/** A question to a child process and its answer, matched by number. */
export interface Question {
  readonly id: number;
  readonly order: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Answers the parent's questions by `handle`, and ends with the parent. */
export function answerParent(handle: (order: unknown) => unknown): void {
  process.on("message", (question: Question) => {
    void Promise.resolve(question.order)
      .then(handle)
      .then(
        (value): Answer => ({ id: question.id, value }),
        (error: unknown): Answer => ({ id: question.id, error: String(error) }),
      )
      .then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit(0));
}
