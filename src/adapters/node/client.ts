import type { ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { ClientDisconnect } from "./client-disconnect.ts";
import { onceClosed } from "./connection-closed.ts";
import { observeRequests } from "./original-url.ts";
import { StreamDisconnect } from "./stream-disconnect.ts";

/** Observes the client for whom a handler runs. */
interface ClientListener {
  /** The client disconnects. Called before the handler can notice. Returns whether the handler goes on. */
  disconnect(): boolean;
  /** The response is closed: the client has all of it, or has disconnected. */
  close(): void;
}

/**
 * The client for whom a handler runs. If it disconnects and the handler goes on, the handler does not notice: neither by
 * `request.signal` nor by the request, response or connection.
 */
export class Client {
  /** Whether the handler runs in the background, for no client. */
  readonly isBackground: boolean;
  readonly #disconnect: ClientDisconnect | StreamDisconnect | undefined;
  #isClosed = false;

  constructor(res: ServerResponse, isBackground: boolean, listener: ClientListener) {
    this.isBackground = isBackground;
    // Before the disconnect is observed, so that this listener does not count as the handler's.
    onceClosed(res, () => {
      this.#isClosed = true;
      this.#disconnect?.release();
      listener.close();
    });
    if (isBackground || !isObservable(res)) return;
    const leave = (): boolean => listener.disconnect();
    if (res.req.httpVersionMajor > 1) {
      this.#disconnect = new StreamDisconnect(res, leave);
      return;
    }
    observeRequests(res.req);
    // The cache paces the source, so what is still written to the response needs no room.
    this.#disconnect = new ClientDisconnect(res, { leave, room: () => undefined, end: () => undefined });
  }

  /** Whether a client reads what is sent. */
  get isConnected(): boolean {
    return !this.isBackground && !this.#isClosed && !this.isDetached;
  }

  /** Whether the response is closed, and the handler could notice. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the client has disconnected and the handler goes on without it. */
  get isDetached(): boolean {
    return this.#disconnect?.hasClient === false;
  }

  /** Disconnects the client. A handler that runs on does not notice. Returns false if nobody watches the client. */
  cut(): boolean {
    if (this.#disconnect === undefined || !this.isConnected) return false;
    this.#disconnect.cut();
    return true;
  }

  /** Nobody wants the rest: a handler without its client is told now that it has disconnected. */
  stop(): void {
    this.#disconnect?.stop();
  }
}

/** False for an injected request, and behind another cache, which watches the client itself. */
function isObservable(res: ServerResponse): boolean {
  const { httpVersionMajor, socket } = res.req;
  return httpVersionMajor > 1 || ((socket as unknown) instanceof Duplex && !ClientDisconnect.watches(res));
}
