import type { IncomingMessage, ServerResponse } from "node:http";
import type { DetachedSocket } from "./detached-socket.ts";

type Told = (error: unknown, message: unknown) => void;

/** How the package on-finished keeps those that it tells of a message's end: one queue for all of them. */
type Queue = ((error?: unknown) => void) & { queue: Told[] | null };
type Message = (IncomingMessage | ServerResponse) & { __onFinished?: Queue | null };

/**
 * What earlier middleware and a handler listen to together: the queue of the package on-finished, which hangs on the
 * message. Whoever came first to it, a logger mostly, has put the one listener on the connection that tells all.
 */
export class OnFinishedQueue {
  readonly #message: Message;
  readonly #earlier: number;

  /** Who is in the queue by now is not the handler's. */
  constructor(message: IncomingMessage | ServerResponse) {
    this.#message = message;
    this.#earlier = this.#message.__onFinished?.queue?.length ?? 0;
  }

  /** Takes out those that the handler has added: they hear of the end of the stand-in, or of the response's on it. */
  moveTo(detached: DetachedSocket, res: ServerResponse): void {
    const message = this.#message;
    const queue = message.__onFinished?.queue;
    if (this.#earlier === 0 || !queue || queue.length <= this.#earlier) return;
    const own = queue.splice(this.#earlier);
    const tell: Queue = Object.assign(
      (error?: unknown): void => {
        if (message.__onFinished === tell) message.__onFinished = null;
        const { queue: told } = tell;
        tell.queue = null;
        for (const one of told ?? []) one(error, message);
      },
      { queue: own },
    );
    // It takes the place of the other one, which is about to tell those that are left in it.
    message.__onFinished = tell;
    res.once("finish", () => tell());
    detached.once("error", tell).once("close", () => tell());
  }
}

/** The listeners that Node itself keeps on a request, for its `signal`: as much the handler's as anybody else's. */
export function heldListeners(req: IncomingMessage): ReadonlySet<unknown> {
  const held = Object.getOwnPropertySymbols(req).map((name): unknown => Reflect.get(req, name));
  return new Set(held.filter((value) => typeof value === "function"));
}
