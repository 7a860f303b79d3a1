import type { IncomingMessage, ServerResponse } from "node:http";
import type { DetachedSocket } from "./detached-socket.ts";

type Listener = (error: unknown, message: unknown) => void;

/** The one listener that the package on-finished adds for a message, with the queue of those that it calls. */
type Queue = ((error?: unknown) => void) & { queue: Listener[] | null };
type Message = (IncomingMessage | ServerResponse) & { __onFinished?: Queue | null };

/**
 * The queue of the package on-finished, which hangs on a message and is shared by earlier middleware and the handler.
 * The first of them, mostly a logger, has added the one listener to the connection that calls all (hazard 46).
 */
export class OnFinishedQueue {
  readonly #message: Message;
  readonly #earlier: number;

  /** Listeners that are in the queue by now are not the handler's. */
  constructor(message: IncomingMessage | ServerResponse) {
    this.#message = message;
    // On Express, V8 takes microseconds to find that a message has no such property.
    const hasQueue = Object.hasOwn(message, "__onFinished");
    this.#earlier = hasQueue ? (this.#message.__onFinished?.queue?.length ?? 0) : 0;
  }

  /** Takes out the handler's listeners, and calls them at the end of the detached socket or of the response on it. */
  moveTo(detached: DetachedSocket, res: ServerResponse): void {
    const message = this.#message;
    const queue = message.__onFinished?.queue;
    if (this.#earlier === 0 || !queue || queue.length <= this.#earlier) return;
    const own = queue.splice(this.#earlier);
    const finish: Queue = Object.assign(
      (error?: unknown): void => {
        if (message.__onFinished === finish) message.__onFinished = null;
        const { queue: listeners } = finish;
        finish.queue = null;
        for (const listener of listeners ?? []) listener(error, message);
      },
      { queue: own },
    );
    // It replaces the other queue, which is about to call the listeners that are left in it.
    message.__onFinished = finish;
    res.once("finish", () => finish());
    detached.once("error", finish).once("close", () => finish());
  }
}
