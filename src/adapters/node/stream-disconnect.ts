import type { ServerResponse } from "node:http";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { brokenOff } from "./abort-response.ts";
import { DetachedStream, createExchange } from "./detached-stream.ts";
import { OnFinishedQueue } from "./on-finished-queue.ts";

type Listener = (...args: unknown[]) => void;

/** The events by which a stream reports that its client has disconnected. */
const END_EVENTS = ["aborted", "error", "close"] as const;

/** Where a response is: before its client disconnects, after that without a client, or no longer watched. */
type State =
  | { readonly kind: "watching"; readonly isClosedHere: boolean }
  | { readonly kind: "detached" }
  | { readonly kind: "over" };

/**
 * Notices that the client of an HTTP/2 response disconnects before anybody else does, whether by a reset or with its
 * connection, and asks whether the handler goes on. If it does, request and response move to a detached stream, and the
 * handler does not notice.
 */
export class StreamDisconnect {
  readonly #res: ServerResponse;
  readonly #stream: ServerHttp2Stream;
  readonly #leave: () => boolean;
  /** The listeners on the stream that are not the handler's: Node's request and response, earlier hooks. */
  readonly #others: readonly unknown[][];
  readonly #onFinished: readonly OnFinishedQueue[];
  #state: State = { kind: "watching", isClosedHere: false };

  /** `leave` is called once, when the client disconnects, and returns whether the handler goes on. */
  constructor(res: ServerResponse, leave: () => boolean) {
    const { stream } = res as unknown as { readonly stream: ServerHttp2Stream };
    this.#res = res;
    this.#stream = stream;
    this.#leave = leave;
    this.#others = END_EVENTS.map((event) => stream.rawListeners(event));
    this.#onFinished = [res, res.req].map((message) => new OnFinishedQueue(message));
    const { emit, close } = stream;
    stream.close = (...args) => {
      if (this.#state.kind === "watching") this.#state = { kind: "watching", isClosedHere: true };
      close.apply(stream, args);
    };
    stream.emit = (...args: [never]) => {
      if (args[0] === "aborted") this.#onEnd();
      return emit.apply(stream, args);
    };
  }

  /** Whether there is a client. */
  get hasClient(): boolean {
    return this.#state.kind !== "detached";
  }

  /** Nobody wants the rest of this run. A handler without a client is told now that its client has disconnected. */
  stop(): boolean {
    if (this.#state.kind !== "detached") return false;
    this.#res.destroy();
    return true;
  }

  /** Disconnects the client. The handler goes on as after any disconnect. */
  cut(): void {
    if (!this.hasClient) return;
    this.#onEnd();
    this.#stream.destroy(brokenOff());
  }

  /** Stops watching. */
  release(): void {
    if (this.#state.kind === "watching") this.#state = { kind: "over" };
  }

  #onEnd(): void {
    const state = this.#state;
    if (state.kind !== "watching") return;
    this.#state = { kind: "over" };
    const { destroyed, endAfterHeaders, readableEnded, session } = this.#stream;
    // It cannot go on if the handler itself closed it, or would wait for request content that never comes.
    const isClosedHere = (destroyed || state.isClosedHere) && !isClosed(session);
    if (!isClosedHere && (endAfterHeaders || readableEnded) && this.#leave()) this.#detach();
  }

  #detach(): void {
    const res = this.#res;
    const { req } = res;
    const stream = this.#stream;
    const detached = new DetachedStream(req.socket, stream);
    detached.headersSent = stream.headersSent;
    detached.headRequest = (stream as unknown as { readonly headRequest: boolean }).headRequest;
    // Node links streams, requests and responses by symbols. A fresh exchange has them all.
    const { request, response } = createExchange(detached, {}, []);
    replaceUnderSymbol(detached, request, req);
    replaceUnderSymbol(detached, response, res);
    for (const message of [req, res]) {
      replaceUnderSymbol(stream, message, undefined);
      replaceUnderSymbol(message, stream, detached);
    }
    this.#state = { kind: "detached" };
    for (const queue of this.#onFinished) queue.moveTo(detached, res);
    for (const [at, event] of END_EVENTS.entries()) {
      for (const listener of stream.rawListeners(event) as Listener[]) {
        if (this.#others[at]?.includes(listener) === true) continue;
        stream.removeListener(event, listener);
        detached.on(event, listener);
      }
    }
    // The handler may be waiting for the client to read.
    process.nextTick(() => res.emit("drain"));
  }
}

/** Whether a connection is closed, and with it all of its streams. */
function isClosed(session: Http2Session | undefined): boolean {
  if (session === undefined || session.destroyed) return true;
  try {
    return session.socket.destroyed;
  } catch {
    // `session.socket` throws once the session has none.
    return true;
  }
}

/** Replaces a value wherever an object keeps it under a symbol. */
function replaceUnderSymbol(holder: object, from: unknown, to: unknown): void {
  for (const symbol of Object.getOwnPropertySymbols(holder))
    if (Reflect.get(holder, symbol) === from) Reflect.set(holder, symbol, to);
}
