import type { ServerResponse } from "node:http";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { DetachedStream, exchangeOn } from "./detached-stream.ts";

type Listener = (...args: unknown[]) => void;

/** What a stream says when its client is gone. */
const SIGNS = ["aborted", "error", "close"] as const;

/**
 * Notices that the client of a response over HTTP/2 goes away before anybody else hears of it, by a reset or with its
 * connection, and asks whether the handler goes on. Where it does, the handler is not to notice: request and response
 * are put on a stream without anybody at its other end.
 */
export class StreamDisconnect {
  readonly #res: ServerResponse;
  readonly #stream: ServerHttp2Stream;
  readonly #leave: () => boolean;
  /** What listens to the stream and is not the handler's: Node's request and response, earlier hooks. */
  readonly #others: readonly unknown[][];
  #isWatching = true;
  #isClosedHere = false;
  #detached: DetachedStream | undefined;

  /** `leave` is asked once, as the client goes. */
  constructor(res: ServerResponse, leave: () => boolean) {
    const { stream } = res as unknown as { readonly stream: ServerHttp2Stream };
    this.#res = res;
    this.#stream = stream;
    this.#leave = leave;
    this.#others = SIGNS.map((sign) => stream.rawListeners(sign));
    const { emit, close } = stream;
    stream.close = (...args) => {
      this.#isClosedHere = true;
      close.apply(stream, args);
    };
    stream.emit = (...args: [never]) => {
      if (args[0] === "aborted") this.#notice();
      return emit.apply(stream, args);
    };
  }

  /** Whether there is a client. */
  get hasClient(): boolean {
    return this.#detached === undefined;
  }

  /** Nobody wants the rest of this run: a handler that was not told hears now that its client is gone. */
  stop(): boolean {
    if (this.#detached === undefined) return false;
    this.#res.destroy();
    return true;
  }

  /** Notices nothing any more. */
  release(): void {
    this.#isWatching = false;
  }

  #notice(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    const { destroyed, endAfterHeaders, readableEnded, session } = this.#stream;
    // The handler itself broke it off; or it would wait for content that never comes.
    const isBroken = (destroyed || this.#isClosedHere) && !isClosed(session);
    if (!isBroken && (endAfterHeaders || readableEnded) && this.#leave()) this.#moveOn();
  }

  #moveOn(): void {
    const res = this.#res;
    const { req } = res;
    const stream = this.#stream;
    const detached = new DetachedStream(req.socket, stream);
    detached.headersSent = stream.headersSent;
    detached.headRequest = (stream as unknown as { readonly headRequest: boolean }).headRequest;
    // Node keeps under symbols which stream is whose. A pair of its own shows them.
    const { request, response } = exchangeOn(detached, {}, []);
    exchange(detached, request, req);
    exchange(detached, response, res);
    for (const message of [req, res]) {
      exchange(stream, message, undefined);
      exchange(message, stream, detached);
    }
    this.#detached = detached;
    for (const [at, sign] of SIGNS.entries()) {
      for (const listener of stream.rawListeners(sign) as Listener[]) {
        if (this.#others[at]?.includes(listener) === true) continue;
        stream.removeListener(sign, listener);
        detached.on(sign, listener);
      }
    }
    // Perhaps it waits for the client to read.
    process.nextTick(() => res.emit("drain"));
  }
}

/** Whether a connection is closed, and with it all of its streams. */
function isClosed(session: Http2Session | undefined): boolean {
  if (session === undefined || session.destroyed) return true;
  try {
    return session.socket.destroyed;
  } catch {
    // It has none any more.
    return true;
  }
}

/** Puts a value in the place of another, wherever an object keeps that under a symbol. */
function exchange(holder: object, from: unknown, to: unknown): void {
  for (const symbol of Object.getOwnPropertySymbols(holder))
    if (Reflect.get(holder, symbol) === from) Reflect.set(holder, symbol, to);
}
