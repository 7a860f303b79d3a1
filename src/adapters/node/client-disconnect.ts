import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Sink } from "../../adapter.ts";
import { cutOff } from "./break-off.ts";
import { SIGNS, unwatch, watch } from "./socket-watch.ts";
import { SharedListeners, heldListeners } from "./shared-listeners.ts";
import { StandIn } from "./detached-socket.ts";
import type { Rider } from "./detached-socket.ts";

type Listener = (...args: unknown[]) => void;

/** The responses of which somebody notices that their client goes. */
const WATCHED: WeakSet<ServerResponse> = new WeakSet();

/** What a handler runs for. */
interface Run extends Rider {
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
export class Departure {
  readonly #res: ServerResponse;
  readonly #socket: Socket;
  readonly #run: Run;
  /** What listens to the connection and is not the handler's: Node's server, earlier middleware, later requests. */
  readonly #others: readonly unknown[][];
  /** What those and the handler listen to together. */
  readonly #shared: readonly SharedListeners[];
  /** Fulfilled once all were told of the end of the client's connection. */
  #over: Promise<void> | undefined;
  #isWatching = false;
  /** The connection that the response is on where it has no client. */
  #standIn: StandIn | undefined;
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
    this.#shared = [res, res.req].map((message) => new SharedListeners(message));
    if (socket instanceof StandIn) {
      socket.riders.add(run);
      this.#standIn = socket;
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
    return this.#standIn === undefined;
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
    const standIn = this.#standIn;
    if (standIn === undefined || standIn.isGivenUp) return tellAll();
    const giveBack = [
      holdDestroy(this.#res.req, (error) => (standIn.withheld = { error })),
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
    const standIn = this.#standIn;
    if (standIn === undefined) return false;
    standIn.riders.delete(this.#run);
    if (standIn.riders.size > 0) return false;
    standIn.isGivenUp = true;
    this.#res.destroy();
    if (standIn.withheld !== undefined) this.#res.req.destroy(standIn.withheld.error);
    return true;
  }

  /** Notices nothing any more. */
  release(): void {
    this.#isWatching = false;
    this.#letOn?.();
    // The connection of a client that is gone has perhaps told only a part of it.
    if (this.#standIn === undefined) unwatch(this.#socket, this);
    else this.#standIn.riders.delete(this.#run);
  }

  /** Breaks the connection off, unless the client has read since: the handler goes on as after any client that left. */
  #cut(): void {
    if (this.hasClient && this.#res.writableNeedDrain) cutOff(this.#res, this.#socket);
  }

  #moveOn(): void {
    const { req } = this.#res;
    // Another cache may have gone on with the same response already.
    const standIn = req.socket instanceof StandIn ? req.socket : this.#standInFor();
    standIn.riders.add(this.#run);
    this.#standIn = standIn;
    for (const shared of this.#shared) shared.moveTo(standIn, this.#res);
    for (const [at, sign] of SIGNS.entries()) this.#moveListeners(sign, this.#others[at] ?? [], standIn);
    // Node's server puts another listener in the place of its own where what came was no request; that moved, too.
    if (this.#socket.listenerCount("error") === 0) this.#socket.on("error", () => undefined);
  }

  #standInFor(): StandIn {
    const res = this.#res;
    const socket = this.#socket;
    const standIn = new StandIn(socket);
    // Node's server takes the responses of a connection in turn, until it hears that the connection is closed.
    standIn.waitFor(this.#over);
    // A response whose turn has not come yet, behind another one on its connection, has no socket.
    if (res.socket === socket) res.detachSocket(socket);
    standIn.carry(res);
    res.req.socket = standIn as unknown as Socket;
    // Another name of it, and no alias.
    Reflect.set(res.req, "client", standIn);
    // Where its client has said that it sends nothing more, it takes nothing more either, and need not close.
    setImmediate(() => socket.destroy());
    // Node's server does so on the client's connection, at the end of this response and of those before it.
    res.detachSocket = () => {
      Reflect.deleteProperty(res, "detachSocket");
      res.detachSocket(standIn as unknown as Socket);
      // Then it would hand that connection to the next response on it, without asking whether it has one still.
      // What is the last response on its connection has no next one.
      Reflect.set(res, "_last", true);
    };
    res.assignSocket = () => undefined;
    res.once("close", () => standIn.destroy());
    // Perhaps it waits for the client to read.
    process.nextTick(() => res.emit("drain"));
    return standIn;
  }

  /** What the handler listens to, it hears of the stand-in. */
  #moveListeners(sign: (typeof SIGNS)[number], others: readonly unknown[], standIn: StandIn): void {
    const held = heldListeners(this.#res.req);
    for (const listener of this.#socket.rawListeners(sign) as (Listener & { listener?: Listener })[]) {
      if (others.includes(listener) && !held.has(listener.listener ?? listener)) continue;
      this.#socket.removeListener(sign, listener);
      standIn.on(sign, listener);
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
