import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Origin } from "./content.ts";
import type { ServerResult } from "./messages.ts";

/** Notes when each response of a burst is ended, whichever framework ends it. */
export class Watch {
  readonly #origin: Origin;
  /** By order of arrival; NaN until the response is ended. */
  #endedAt: number[] = [];
  #leaderWasAlone = false;

  constructor(server: Server, origin: Origin) {
    this.#origin = origin;
    server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
      this.#arrive(response);
    });
  }

  begin(): void {
    this.#origin.reset();
    this.#endedAt = [];
    this.#leaderWasAlone = false;
  }

  result(): ServerResult {
    const { runs, producedAt } = this.#origin;
    const [leader = NaN, ...followers] = this.#endedAt.map((at) => at - producedAt);
    return {
      handlerRuns: runs,
      leaderWasAlone: this.#leaderWasAlone,
      leaderMs: leader,
      followerMs: followers,
    };
  }

  #arrive(response: ServerResponse): void {
    const endedAt = this.#endedAt;
    const index = endedAt.push(NaN) - 1;
    if (index === 1) this.#leaderWasAlone = this.#origin.runs === 1;
    // The frameworks wrap this one in turn, so it is called when they are done.
    const end = response.end.bind(response) as (...args: readonly unknown[]) => ServerResponse;
    response.end = (...args: readonly unknown[]): ServerResponse => {
      endedAt[index] = performance.now();
      return end(...args);
    };
  }
}
