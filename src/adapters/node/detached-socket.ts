import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/** What is taken over from the connection that a stand-in stands for: who is at its other end, and how. */
const COPIED = [
  "remoteAddress",
  "remotePort",
  "remoteFamily",
  "localAddress",
  "localPort",
  "localFamily",
  "encrypted",
  "authorized",
  "authorizationError",
  "alpnProtocol",
  "servername",
  "server",
] as const;

/** What a guard may ask a TLS connection; the answers are those at the time of the copy. */
const ASKED = ["getPeerCertificate", "getPeerX509Certificate", "getProtocol", "getCipher"] as const;

/** For whom a handler runs without its client: a cache. */
export interface Consumer {
  /** Answers, where a writer is to wait, a promise of the moment until which. */
  room(): Promise<void> | undefined;
}

/**
 * A connection without anybody at its other end, for a handler that runs without its client.
 *
 * What is written is discarded at once, unless one of its consumers says to wait; what it says of its other end is what
 * the connection of the client that it stands for says.
 */
export class DetachedSocket extends Duplex {
  /** Several where a request passes several caches. */
  readonly consumers: Set<Consumer> = new Set();
  /** Whether the last of them did not want the rest. */
  isGivenUp = false;
  /** What Node wanted to destroy the request with when its client went. */
  withheld: { readonly error: Error | undefined } | undefined;
  #delay: Promise<void> | undefined;

  /** `model` is the connection that it stands for. */
  constructor(model: Socket) {
    super();
    // Node's server listens on every connection; whoever destroys a response with an error relies on that.
    this.on("error", () => undefined);
    const said = model as unknown as Record<string, unknown>;
    for (const name of COPIED) if (said[name] !== undefined) define(this, name, said[name]);
    // Only those of TLS: a connection without it has no such methods.
    for (const name of ASKED) {
      const ask = (model as TLSSocket)[name] as ((isDetailed: boolean) => unknown) | undefined;
      if (typeof ask !== "function") continue;
      const answer = Reflect.apply(ask, model, [true]);
      define(this, name, () => answer);
    }
  }

  /** Carries a response, in the place of Node's server. */
  carry(res: ServerResponse): void {
    res.assignSocket(this as unknown as Socket);
    // Node's server says so on its own connections, and only it can take back its mark that somebody waits.
    define(res, "writableNeedDrain", undefined, () => this.writableNeedDrain);
    this.on("drain", () => res.emit("drain"));
  }

  /** Takes nothing that is written, and so lets no response finish, until then. */
  waitFor(delay: Promise<void> | undefined): void {
    this.#delay = delay;
    void delay?.then(() => (this.#delay = undefined));
  }

  override _read(): void {
    // Nobody ever says anything more.
  }

  override _write(_chunk: unknown, _encoding: BufferEncoding, taken: () => void): void {
    const waits = [this.#delay, ...[...this.consumers].map((consumer) => consumer.room())];
    const rooms = waits.filter((wait) => wait !== undefined);
    if (rooms.length === 0) taken();
    else void Promise.all(rooms).then(() => taken());
  }

  /** Ends it, as Node's server does after the last response of a connection. */
  destroySoon(): void {
    this.destroy();
  }

  /** Of a reset there is nobody to be told. */
  resetAndDestroy(): this {
    return this.destroy();
  }

  /** As that of a connection of which nobody knows that it is closed. */
  get readyState(): "open" | "closed" {
    return this.destroyed ? "closed" : "open";
  }

  address(): object {
    const { localAddress: address, localPort: port, localFamily: family } = this as unknown as Socket;
    return { address, port, family };
  }

  setTimeout(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function define(target: object, name: string, value: unknown, get?: () => unknown): void {
  const property = get === undefined ? { value, writable: true } : { get };
  Object.defineProperty(target, name, { configurable: true, enumerable: true, ...property });
}
