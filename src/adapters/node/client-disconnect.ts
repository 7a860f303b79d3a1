import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Sink } from "../../adapter.ts";
import { abortConnection } from "./abort-response.ts";
import { SIGNS, unwatch, watch } from "./socket-watch.ts";
import { OnFinishedQueue, heldListeners } from "./on-finished-queue.ts";
import { DetachedSocket } from "./detached-socket.ts";
import type { Consumer } from "./detached-socket.ts";

type Listener = (...args: unknown[]) => void;

/** The responses of which somebody notices that their client goes. */
const WATCHED: WeakSet<ServerResponse> = new WeakSet();

/** What a handler runs for. */
interface Run extends Consumer {
  /** The client goes; answers whether the handler goes on. Called once at most. */
  leave(): boolean;
  /** The client is gone, and the handler does not go on. */
  end(): void;
}

/**
 * Notices that a response's client goes away before anybody else hears of it, and asks whether the handler goes on.
 *
 * Where it does, the handler is not to notice: it may write in a loop, wait for `drain`, or be watched by `pipeline` or
 * `on-finished`, which all give up once the connection is gone. So response and request are put on a connection without
 * anybody at its other end before the client's own tells of its end.
 */
export class ClientDisconnect {
  readonly #res: ServerResponse;
  readonly #socket: Socket;
  readonly #run: Run;
  /** What listens to the connection and is not the handler's: Node's server, earlier middleware, later requests. */
  readonly #others: readonly unknown[][];
  /** What those and the handler listen to together. */
  readonly #shared: readonly OnFinishedQueue[];
  /** Fulfilled once all were told of the end of the client's connection. */
  #over: Promise<void> | undefined;
  #isWatching = false;
  /** The connection that the response is on where it has no client. */
  #detached: DetachedSocket | undefined;
  /** To be called when the client does not hold the handler back any more. */
  #letOn: (() => void) | undefined;

  /** `run` is asked once the client goes, and told where it is over with that. */
  constructor(res: ServerResponse, run: Run) {
    const { socket } = res.req;
    WATCHED.add(res);
    this.#res = res;
    this.#socket = socket;
    this.#run = run;
    this.#others = SIGNS.map((sign) => socket.rawListeners(sign));
    this.#shared = [res, res.req].map((message) => new OnFinishedQueue(message));
    if (socket instanceof DetachedSocket) {
      socket.consumers.add(run);
      this.#detached = socket;
      return;
    }
    this.#isWatching = true;
    this.#over = watch(socket, this);
  }

  /** Whether somebody notices already that a response's client goes. */
  static watches(res: ServerResponse): boolean {
    return WATCHED.has(res);
  }

  /** Whether there is a client: a run may be without one from its beginning. */
  get hasClient(): boolean {
    return this.#detached === undefined;
  }

  /** Looks whether the client is gone though nobody was told yet; answers whether the response can go on. */
  check(): boolean {
    if (this.#socket.destroyed) this.notice();
    return !this.#res.destroyed && !this.#res.req.socket.destroyed;
  }

  /** Whether the handler may go on writing. Where it may not, for too long while others follow, the client is cut off. */
  hold(sink: Sink, mayGoOn: boolean): boolean {
    this.#letOn?.();
    this.#letOn = mayGoOn || !this.hasClient ? undefined : sink.hold(() => this.#cut());
    return mayGoOn;
  }

  /** The connection is gone. */
  notice(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    const { req, destroyed } = this.#res;
    // The handler itself broke it off; or it would wait for content that never comes.
    const canGoOn = !destroyed && !req.readableAborted && req.complete;
    if (canGoOn && this.#run.leave()) this.#moveOn();
    // Node 20 does not tell those whose turn has not come yet that they are closed.
    else this.#run.end();
  }

  /** What comes to listen to the connection in this turn listens for the next request on it. */
  nextBegins(): void {
    const before = SIGNS.map((sign) => this.#socket.rawListeners(sign));
    // Nothing but what came on this connection runs until then. What comes later may be this run's own.
    process.nextTick(() => {
      for (const [at, sign] of SIGNS.entries())
        for (const listener of this.#socket.rawListeners(sign))
          if (before[at]?.includes(listener) !== true) this.#others[at]?.push(listener);
    });
  }

  /** Calls what tells everyone that the connection is gone, and keeps that from the handler where the run goes on. */
  tell(tellAll: () => void): void {
    const detached = this.#detached;
    if (detached === undefined || detached.isGivenUp) return tellAll();
    const giveBack = [
      holdDestroy(this.#res.req, (error) => (detached.withheld = { error })),
      // Node 26 does so to a response whose turn has not come yet.
      holdDestroy(this.#res, () => undefined),
    ];
    try {
      tellAll();
    } finally {
      for (const give of giveBack) give();
    }
  }

  /**
   * Nobody wants the rest of this run. Where no other run needs the handler, it hears now that its client is gone;
   * answers whether it did.
   */
  stop(): boolean {
    const detached = this.#detached;
    if (detached === undefined) return false;
    detached.consumers.delete(this.#run);
    if (detached.consumers.size > 0) return false;
    detached.isGivenUp = true;
    this.#res.destroy();
    if (detached.withheld !== undefined) this.#res.req.destroy(detached.withheld.error);
    return true;
  }

  /** Notices nothing any more. */
  release(): void {
    this.#isWatching = false;
    this.#letOn?.();
    // The connection of a client that is gone has perhaps told only a part of it.
    if (this.#detached === undefined) unwatch(this.#socket, this);
    else this.#detached.consumers.delete(this.#run);
  }

  /** Breaks the connection off, unless the client has read since: the handler goes on as after any client that left. */
  #cut(): void {
    if (this.hasClient && this.#res.writableNeedDrain) abortConnection(this.#res, this.#socket);
  }

  #moveOn(): void {
    const { req } = this.#res;
    // Another cache may have gone on with the same response already.
    const detached = req.socket instanceof DetachedSocket ? req.socket : this.#createDetached();
    detached.consumers.add(this.#run);
    this.#detached = detached;
    for (const shared of this.#shared) shared.moveTo(detached, this.#res);
    for (const [at, sign] of SIGNS.entries()) this.#moveListeners(sign, this.#others[at] ?? [], detached);
    // Node's server puts another listener in the place of its own where what came was no request; that moved, too.
    if (this.#socket.listenerCount("error") === 0) this.#socket.on("error", () => undefined);
  }

  #createDetached(): DetachedSocket {
    const res = this.#res;
    const socket = this.#socket;
    const detached = new DetachedSocket(socket);
    // Node's server takes the responses of a connection in turn, until it hears that the connection is closed.
    detached.waitFor(this.#over);
    // A response whose turn has not come yet, behind another one on its connection, has no socket.
    if (res.socket === socket) res.detachSocket(socket);
    detached.carry(res);
    res.req.socket = detached as unknown as Socket;
    // Another name of it, and no alias.
    Reflect.set(res.req, "client", detached);
    // Where its client has said that it sends nothing more, it takes nothing more either, and need not close.
    setImmediate(() => socket.destroy());
    // Node's server does so on the client's connection, at the end of this response and of those before it.
    res.detachSocket = () => {
      Reflect.deleteProperty(res, "detachSocket");
      res.detachSocket(detached as unknown as Socket);
      // Then it would hand that connection to the next response on it, without asking whether it has one still.
      // What is the last response on its connection has no next one.
      Reflect.set(res, "_last", true);
    };
    res.assignSocket = () => undefined;
    res.once("close", () => detached.destroy());
    // Perhaps it waits for the client to read.
    process.nextTick(() => res.emit("drain"));
    return detached;
  }

  /** What the handler listens to, it hears of the stand-in. */
  #moveListeners(sign: (typeof SIGNS)[number], others: readonly unknown[], detached: DetachedSocket): void {
    const held = heldListeners(this.#res.req);
    for (const listener of this.#socket.rawListeners(sign) as (Listener & { listener?: Listener })[]) {
      if (others.includes(listener) && !held.has(listener.listener ?? listener)) continue;
      this.#socket.removeListener(sign, listener);
      detached.on(sign, listener);
    }
  }
}

/** Keeps a message from being destroyed, and notes with what; answers how to end that. */
function holdDestroy(
  message: IncomingMessage | ServerResponse,
  note: (error: Error | undefined) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(message, "destroy");
  const value = (error?: Error): unknown => {
    note(error);
    return message;
  };
  Object.defineProperty(message, "destroy", { configurable: true, writable: true, value });
  return () => {
    if (own === undefined) Reflect.deleteProperty(message, "destroy");
    else Object.defineProperty(message, "destroy", own);
  };
}
