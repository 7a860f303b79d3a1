import type { ServerResponse } from "node:http";
import { isUnsafe, statusOfError } from "../../adapter.ts";
import type { MaybePromise, WriteEnd } from "../../adapter.ts";
import { isDisconnected, onceClosed } from "./connection-closed.ts";
import { beforeEachSend, beforeFirstSend, holdBack } from "./hold-back.ts";
import { beforeHead } from "./on-headers.ts";

/**
 * Where a write is: its handler runs; the head of its response is about to be sent, or was; its client has disconnected
 * before the end of the response; or it is over.
 */
type State = "running" | "begun" | "left" | "over";

/**
 * Watches the response of a write, and tells how the write ended: before the first byte is sent; at the end of content that
 * came in parts; when the client disconnects or the response breaks off; and when the handler responds after that.
 *
 * `onEnd` is called each time. If it returns a promise, no byte is sent until that is settled.
 */
export class WriteWatch {
  readonly #res: ServerResponse;
  readonly #onEnd: (end: WriteEnd) => MaybePromise<void>;
  #state: State = "running";
  #hasThrown = false;
  /** Whether the content comes in parts: a write may go on until the last one. */
  #isStreamed = false;

  constructor(res: ServerResponse, onEnd: (end: WriteEnd) => MaybePromise<void>) {
    this.#res = res;
    this.#onEnd = onEnd;
    if (isDisconnected(res)) {
      this.#leave();
      return;
    }
    if (res.req.httpVersionMajor > 1) {
      beforeFirstSend(res, (status) => this.#onHead(status));
      res.once("finish", () => this.#finish());
    } else {
      beforeHead(res, () => {
        const pending = this.#onHead(res.statusCode);
        if (pending instanceof Promise) holdBack(res, pending);
      });
      res.once("prefinish", () => this.#finish());
    }
    onceClosed(res, () => this.#onClose());
  }

  /** The handler threw. The status of its error counts where no response is sent any more. */
  fail(error: unknown): void {
    this.#hasThrown = true;
    if (this.#state === "left") void this.#tell(statusOfError(error, this.#res.statusCode));
  }

  /** The handler has ended, which is news where its client had disconnected. */
  settle(): void {
    if (this.#state === "left") void this.#tell(this.#res.statusCode);
  }

  #onHead(status: number): MaybePromise<void> {
    // Whoever sends all at once has called `end` by then.
    queueMicrotask(() => (this.#isStreamed = !this.#res.writableEnded));
    if (this.#state !== "running") return;
    this.#state = "begun";
    return this.#tell(status);
  }

  #finish(): void {
    // Over HTTP/2, Node emits it for a response that was cut off, too.
    if (!this.#res.writableEnded) return;
    if (this.#state === "begun" && this.#isStreamed) void this.#tell(this.#res.statusCode);
    this.#state = "over";
  }

  #onClose(): void {
    if (this.#state === "over" || this.#res.writableEnded) return;
    void this.#tell(undefined);
    this.#leave();
  }

  /** Nobody is sent a response any more, but the handler may go on writing, and respond. */
  #leave(): void {
    this.#state = "left";
    beforeEachSend(this.#res, (status) => void this.#tell(status));
  }

  #tell(status: number | undefined): MaybePromise<void> {
    return this.#onEnd({ status, hasThrown: this.#hasThrown });
  }
}

/** One request to a route that writes. */
export interface NodeWriteCall {
  readonly res: ServerResponse;
  /** Runs the handler. */
  handle(): unknown;
  /** Invalidates what the write has made outdated, as its end requires. */
  tell(end: WriteEnd): MaybePromise<void>;
}

/**
 * Runs the handler of a write, and invalidates what it has made outdated before the first byte of its response is sent.
 * Rejects with the handler's error.
 *
 * @example
 * const invalidate = engine.invalidates(["todos"], { route: "POST /todos", option: "tags" });
 * await respondToWrite({ res, handle: () => handler(req, res), tell: (end) => invalidate(end) });
 */
export async function respondToWrite({ res, handle, tell }: NodeWriteCall): Promise<void> {
  if (!isUnsafe(res.req.method ?? "GET")) return void (await handle());
  const watch = new WriteWatch(res, tell);
  try {
    await handle();
  } catch (error) {
    watch.fail(error);
    throw error;
  }
  watch.settle();
}
