import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Sink } from "../../adapter.ts";
import { abortConnection } from "./abort-response.ts";
import { DetachedSocket } from "./detached-socket.ts";
import type { Consumer } from "./detached-socket.ts";
import { OnFinishedQueue } from "./on-finished-queue.ts";
import { processWide } from "./process-wide.ts";
import { END_EVENTS, unwatchSocket, watchSocket } from "./socket-watch.ts";

type Listener = (...args: unknown[]) => void;

/** The responses whose client is watched. */
const WATCHED = processWide("node.watched", () => new WeakSet<ServerResponse>());

/** The run of a handler, whose client may disconnect. */
interface DetachableRun extends Consumer {
  /** The client has disconnected. Returns whether the handler goes on. Called once at most. */
  leave(): boolean;
  /** The client has disconnected, and the handler does not go on. */
  end(): void;
}

/** Where a response is: before its client disconnects, after that without a client, or no longer watched. */
type State =
  | { readonly kind: "watching"; readonly closed: Promise<void> }
  | { readonly kind: "detached"; readonly socket: DetachedSocket }
  | { readonly kind: "over" };

const OVER: State = { kind: "over" };

/**
 * Notices that a response's client disconnects before anybody else does, and asks whether the handler goes on.
 *
 * If it does, the handler must not notice. It may write in a loop, wait for `drain`, or be watched by `pipeline` or
 * `on-finished`, which all give up once the connection is closed. So request and response move to a detached socket
 * before the client's socket emits anything.
 */
export class ClientDisconnect {
  readonly #res: ServerResponse;
  readonly #socket: Socket;
  readonly #run: DetachableRun;
  /** The listeners on the connection that are not the handler's: Node's server, earlier middleware, later requests. */
  readonly #others: readonly unknown[][];
  readonly #onFinished: readonly OnFinishedQueue[];
  #state: State;
  /** Called when the client no longer holds the handler back. */
  #unhold: (() => void) | undefined;

  /** `run` is asked once the client disconnects. */
  constructor(res: ServerResponse, run: DetachableRun) {
    const { socket } = res.req;
    WATCHED.add(res);
    this.#res = res;
    this.#socket = socket;
    this.#run = run;
    this.#others = END_EVENTS.map((event) => socket.rawListeners(event));
    this.#onFinished = [res, res.req].map((message) => new OnFinishedQueue(message));
    if (socket instanceof DetachedSocket) {
      socket.consumers.add(run);
      this.#state = { kind: "detached", socket };
      return;
    }
    this.#state = { kind: "watching", closed: watchSocket(socket, this) };
  }

  /** Whether the client of a response is watched already. */
  static watches(res: ServerResponse): boolean {
    return WATCHED.has(res);
  }

  /** Whether there is a client. A refresh has none from its beginning. */
  get hasClient(): boolean {
    return this.#state.kind !== "detached";
  }

  /** Checks for a disconnect that no event has reported yet. Returns whether the response can go on. */
  check(): boolean {
    if (this.#socket.destroyed) this.onEnd();
    return !this.#res.destroyed && !this.#res.req.socket.destroyed;
  }

  /** Records, and returns, whether the handler may write more. A client that blocks it for too long is cut off. */
  hold(sink: Sink, mayWrite: boolean): boolean {
    this.#unhold?.();
    this.#unhold = mayWrite || !this.hasClient ? undefined : sink.hold(() => this.#cutIfHeld());
    return mayWrite;
  }

  /** Disconnects the client. The handler goes on as after any disconnect. */
  cut(): void {
    if (this.hasClient) abortConnection(this.#res, this.#socket);
  }

  /** The connection has ended. */
  onEnd(): void {
    const state = this.#state;
    if (state.kind !== "watching") return;
    this.#state = OVER;
    const { req, destroyed } = this.#res;
    // It cannot go on if the handler itself destroyed it, or would wait for request content that never comes.
    const canGoOn = !destroyed && !req.readableAborted && req.complete;
    if (canGoOn && this.#run.leave()) this.#detach(state.closed);
    // Node 20 does not close a response that waits for its turn.
    else this.#run.end();
  }

  /** Listeners that are added to the connection in this turn belong to the next request on it. */
  onNextRequest(): void {
    const before = END_EVENTS.map((event) => this.#socket.rawListeners(event));
    // Until the next tick only that request runs. What is added later may be this run's own.
    process.nextTick(() => {
      for (const [at, event] of END_EVENTS.entries())
        for (const listener of this.#socket.rawListeners(event))
          if (before[at]?.includes(listener) !== true) this.#others[at]?.push(listener);
    });
  }

  /** Emits the end of the connection to all others, without effect on a run that goes on. */
  emitEnd(emit: () => void): void {
    const state = this.#state;
    if (state.kind !== "detached" || state.socket.isAbandoned) return emit();
    const { socket } = state;
    const restores = [
      withholdDestroy(this.#res.req, (error) => (socket.withheldDestroy = { error })),
      // Node 26 also destroys a response that waits for its turn.
      withholdDestroy(this.#res, () => undefined),
    ];
    try {
      emit();
    } finally {
      for (const restore of restores) restore();
    }
  }

  /**
   * Nobody wants the rest of this run. If no other run needs the handler, it is told now that its client has
   * disconnected. Returns whether it was.
   */
  stop(): boolean {
    if (this.#state.kind !== "detached") return false;
    const { socket } = this.#state;
    socket.consumers.delete(this.#run);
    if (socket.consumers.size > 0) return false;
    socket.isAbandoned = true;
    this.#res.destroy();
    if (socket.withheldDestroy !== undefined) this.#res.req.destroy(socket.withheldDestroy.error);
    return true;
  }

  /** Stops watching. */
  release(): void {
    const state = this.#state;
    if (state.kind === "watching") this.#state = OVER;
    this.#unhold?.();
    // A run without a client still withholds what the client's connection has not emitted yet.
    if (state.kind === "detached") state.socket.consumers.delete(this.#run);
    else unwatchSocket(this.#socket, this);
  }

  /** Disconnects the client, unless it has read since. */
  #cutIfHeld(): void {
    if (this.#res.writableNeedDrain) this.cut();
  }

  /** `closed` is fulfilled once all others know that the client's connection is closed. */
  #detach(closed: Promise<void>): void {
    const { req } = this.#res;
    // Another cache may have detached the same response already.
    const socket = req.socket instanceof DetachedSocket ? req.socket : this.#createDetached(closed);
    socket.consumers.add(this.#run);
    this.#state = { kind: "detached", socket };
    for (const queue of this.#onFinished) queue.moveTo(socket, this.#res);
    for (const [at, event] of END_EVENTS.entries())
      this.#moveListeners(event, this.#others[at] ?? [], socket);
    // Where what came was no request, Node's server has replaced its own listener, and the new one has moved, too.
    if (this.#socket.listenerCount("error") === 0) this.#socket.on("error", () => undefined);
  }

  #createDetached(closed: Promise<void>): DetachedSocket {
    const res = this.#res;
    const client = this.#socket;
    const detached = new DetachedSocket(client);
    // Node's server takes the responses of a connection in turn, until it knows that the connection is closed.
    detached.holdUntil(closed);
    // A response that waits for its turn has no socket.
    if (res.socket === client) res.detachSocket(client);
    detached.attach(res);
    res.req.socket = detached as unknown as Socket;
    // A copy of the property, not an alias.
    Reflect.set(res.req, "client", detached);
    // A client that has ended its side receives nothing more, and need not close the connection.
    setImmediate(() => client.destroy());
    // Node's server calls it with the client's connection, at the end of this response and of those before it.
    res.detachSocket = () => {
      Reflect.deleteProperty(res, "detachSocket");
      res.detachSocket(detached as unknown as Socket);
      // Otherwise it would assign that connection to the next response on it without a check (hazard 31).
      // The last response on a connection has no next one.
      Reflect.set(res, "_last", true);
    };
    res.assignSocket = () => undefined;
    res.once("close", () => detached.destroy());
    // The handler may be waiting for the client to read.
    process.nextTick(() => res.emit("drain"));
    return detached;
  }

  #moveListeners(
    event: (typeof END_EVENTS)[number],
    others: readonly unknown[],
    detached: DetachedSocket,
  ): void {
    const ofSignal = signalListeners(this.#res.req);
    for (const listener of this.#socket.rawListeners(event) as (Listener & { listener?: Listener })[]) {
      if (others.includes(listener) && !ofSignal.has(listener.listener ?? listener)) continue;
      this.#socket.removeListener(event, listener);
      detached.on(event, listener);
    }
  }
}

/** The listeners that Node adds for `request.signal`, and keeps on the request: the handler may depend on them. */
function signalListeners(req: IncomingMessage): ReadonlySet<unknown> {
  const values = Object.getOwnPropertySymbols(req).map((name): unknown => Reflect.get(req, name));
  return new Set(values.filter((value) => typeof value === "function"));
}

/** Replaces `destroy` of a message by a function that only records the error. Returns how to restore it. */
function withholdDestroy(
  message: IncomingMessage | ServerResponse,
  record: (error: Error | undefined) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(message, "destroy");
  const value = (error?: Error): unknown => {
    record(error);
    return message;
  };
  Object.defineProperty(message, "destroy", { configurable: true, writable: true, value });
  return () => {
    if (own === undefined) Reflect.deleteProperty(message, "destroy");
    else Object.defineProperty(message, "destroy", own);
  };
}
