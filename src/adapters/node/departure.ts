import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { StandIn } from "./stand-in.ts";

/** What a connection says when its client is gone. */
const SIGNS = ["error", "close"] as const;

type Listener = (...args: unknown[]) => void;

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
  readonly #leave: () => boolean;
  readonly #pace: () => Promise<void> | undefined;
  /** What listened to the connection before the handler did: Node's server, earlier middleware. */
  readonly #earlier: ReadonlyMap<string, ReadonlySet<unknown>>;
  #isWatching = false;
  #isStopped = false;
  /** The connection that the response is on where it has no client. */
  #standIn: StandIn | undefined;
  /** What Node wanted to destroy the request with. */
  #aborted: { readonly error: Error | undefined } | undefined;

  /**
   * `leave` is called once, where the client goes; it answers whether the handler goes on. From then on `pace` says
   * where it is to wait.
   */
  constructor(res: ServerResponse, leave: () => boolean, pace: () => Promise<void> | undefined) {
    const { socket } = res.req;
    this.#res = res;
    this.#socket = socket;
    this.#leave = leave;
    this.#pace = pace;
    this.#earlier = new Map(SIGNS.map((sign) => [sign, new Set(socket.rawListeners(sign))]));
    if (socket instanceof StandIn) {
      socket.pace = pace;
      this.#standIn = socket;
      return;
    }
    this.#isWatching = true;
    watch(socket, this);
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

  /** The connection is gone. */
  notice(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    const { req, destroyed } = this.#res;
    // The handler itself broke it off; or it would wait for content that never comes.
    if (destroyed || req.readableAborted || !req.complete) return;
    if (this.#leave()) this.#moveOn();
  }

  /** Calls what tells everyone that the connection is gone, and keeps that from the handler where the run goes on. */
  tell(tellAll: () => void): void {
    if (this.#standIn === undefined || this.#isStopped) return tellAll();
    const { req } = this.#res;
    const giveBack = [
      holdDestroy(req, (error) => (this.#aborted = { error })),
      // Node 26 does so to a response whose turn has not come yet.
      holdDestroy(this.#res, () => undefined),
    ];
    try {
      tellAll();
    } finally {
      for (const give of giveBack) give();
    }
  }

  /** Nobody wants the rest: the handler hears now that its client is gone. */
  stop(): void {
    this.#isStopped = true;
    if (this.#standIn === undefined) return;
    this.#res.destroy();
    if (this.#aborted !== undefined) this.#res.req.destroy(this.#aborted.error);
  }

  /** Notices nothing any more. */
  release(): void {
    this.#isWatching = false;
    // The connection of a client that is gone has perhaps told only a part of it.
    if (this.#standIn === undefined) WATCHED.get(this.#socket)?.delete(this);
  }

  #moveOn(): void {
    const res = this.#res;
    const socket = this.#socket;
    const standIn = new StandIn(socket);
    this.#standIn = standIn;
    standIn.pace = this.#pace;
    // A response whose turn has not come yet, behind another one on its connection, has no socket.
    if (res.socket === socket) res.detachSocket(socket);
    standIn.carry(res);
    res.req.socket = standIn as unknown as Socket;
    // Node's server does so on the client's connection, at the end of this response and of those before it.
    res.detachSocket = () => {
      Reflect.deleteProperty(res, "detachSocket");
      res.detachSocket(standIn as unknown as Socket);
    };
    res.assignSocket = () => undefined;
    res.once("close", () => standIn.destroy());
    for (const sign of SIGNS) this.#moveListeners(sign, standIn);
    // Perhaps it waits for the client to read.
    process.nextTick(() => res.emit("drain"));
  }

  /** What the handler listens to, it hears of the stand-in. */
  #moveListeners(sign: (typeof SIGNS)[number], standIn: StandIn): void {
    const earlier = this.#earlier.get(sign);
    for (const listener of this.#socket.rawListeners(sign) as Listener[]) {
      if (earlier?.has(listener) === true) continue;
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

/** The responses of each connection that are to be asked first; several where a client sends requests ahead. */
const WATCHED: WeakMap<Socket, Set<Departure>> = new WeakMap();

function watch(socket: Socket, departure: Departure): void {
  const known = WATCHED.get(socket);
  if (known !== undefined) return void known.add(departure);
  const departures = new Set([departure]);
  WATCHED.set(socket, departures);
  const { emit } = socket;
  socket.emit = function watchedEmit(this: Socket, ...args: unknown[]): boolean {
    const asked = SIGNS.some((sign) => sign === args[0]) ? [...departures].toReversed() : [];
    // The latest first: what came to listen after it began is its handler's.
    for (const one of asked) one.notice();
    let wasHeard = false;
    const tellAll = (): void => void (wasHeard = Reflect.apply(emit, this, args) as boolean);
    asked.reduce<() => void>((tell, one) => () => one.tell(tell), tellAll)();
    return wasHeard;
  } as Socket["emit"];
}
