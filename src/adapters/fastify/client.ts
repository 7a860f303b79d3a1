import type { ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { ClientDisconnect } from "../node/client-disconnect.ts";
import { onceClosed } from "../node/connection-closed.ts";
import { StreamDisconnect } from "../node/stream-disconnect.ts";
import { observeRequests } from "../node/original-url.ts";

/** What a handler runs for. */
interface Run {
  /** The client goes, and nobody else was told yet; answers whether the run goes on. */
  leave(): boolean;
  /** The response is closed: the client has all of it, or has gone. */
  close(): void;
}

/**
 * The client for whom a handler runs. Where it goes and the run goes on, the handler does not notice: neither Fastify's
 * `request.signal` nor what it is made of, the raw request, response and connection, tell of it.
 */
export class Leader {
  /** False for a run behind the clients' backs, whose reply nobody reads. */
  readonly isClient: boolean;
  readonly #disconnect: ClientDisconnect | StreamDisconnect | undefined;
  #isTold = false;

  constructor(res: ServerResponse, isClient: boolean, run: Run) {
    this.isClient = isClient;
    // It listens to the connection, for others too: that is not what the handler listens to.
    onceClosed(res, () => {
      this.#isTold = true;
      this.#disconnect?.release();
      run.close();
    });
    if (!isClient || !canDepart(res)) return;
    if (res.req.httpVersionMajor > 1) {
      this.#disconnect = new StreamDisconnect(res, () => run.leave());
      return;
    }
    observeRequests(res.req);
    // What paces the source is the cache; what is still written here goes nowhere.
    const room = (): undefined => undefined;
    this.#disconnect = new ClientDisconnect(res, { leave: () => run.leave(), room, end: () => undefined });
  }

  /** Whether there is somebody to read what is sent. */
  get isThere(): boolean {
    return this.isClient && !this.#isTold && !this.isHidden;
  }

  /** Whether the client is gone, or all was sent, and the handler could know. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** Whether the client is gone and the handler goes on without knowing. */
  get isHidden(): boolean {
    return this.#disconnect?.hasClient === false;
  }

  /** Nobody wants the rest: where its client's leaving was kept from the handler, it is told now. */
  stop(): void {
    this.#disconnect?.stop();
  }
}

/** Not where a request was injected. */
function canDepart(res: ServerResponse): boolean {
  const { httpVersionMajor, socket } = res.req;
  // Where Express has put a cache in front, it is that one's to say whether the handler is told.
  return httpVersionMajor > 1 || ((socket as unknown) instanceof Duplex && !ClientDisconnect.watches(res));
}
