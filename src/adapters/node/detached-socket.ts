import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/** The properties that are copied from the client's connection: its two ends, and its encryption. */
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

/** The methods of a TLS connection that a guard may call. They return what they did at the time of the copy. */
const ASKED = ["getPeerCertificate", "getPeerX509Certificate", "getProtocol", "getCipher"] as const;

/** A cache that reads what a handler without a client writes. */
export interface Consumer {
  /** Returns a promise of the moment until which a writer has to wait, or undefined if it need not wait. */
  room(): Promise<void> | undefined;
}

const BRAND = Symbol.for("caching-route.node.detached-socket.1");

/**
 * A connection without a client, for a handler that goes on after its client has disconnected, or never had one.
 *
 * It discards what is written to it, at the pace of its consumers. Its properties describe the client's connection.
 */
export class DetachedSocket extends Duplex {
  static {
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  /** Whether a socket is a detached one, of this or another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): value is DetachedSocket {
    return typeof value === "object" && value !== null && Reflect.get(value, BRAND) === true;
  }

  /** There are several where a request passes several caches. */
  readonly consumers: Set<Consumer> = new Set();
  /** Whether no consumer wants the rest. */
  isAbandoned = false;
  /** The call by which Node wanted to destroy the request when its client disconnected. */
  withheldDestroy: { readonly error: Error | undefined } | undefined;
  #held: Promise<void> | undefined;

  /** `client` is the connection to copy. */
  constructor(client: Socket) {
    super();
    // Node's server listens on every connection. A response that is destroyed with an error relies on that.
    this.on("error", () => undefined);
    const properties = client as unknown as Record<string, unknown>;
    for (const name of COPIED) if (properties[name] !== undefined) define(this, name, properties[name]);
    // Only TLS connections have these.
    for (const name of ASKED) {
      const ask = (client as TLSSocket)[name] as ((isDetailed: boolean) => unknown) | undefined;
      if (typeof ask !== "function") continue;
      const result = Reflect.apply(ask, client, [true]);
      define(this, name, () => result);
    }
  }

  /** Takes a response over from Node's server. */
  attach(res: ServerResponse): void {
    res.assignSocket(this as unknown as Socket);
    // On its own connections Node's server sets this flag, and only it can reset it.
    define(res, "writableNeedDrain", undefined, () => this.writableNeedDrain);
    this.on("drain", () => res.emit("drain"));
  }

  /** Accepts no writes until the promise is fulfilled, so that no response finishes before. */
  holdUntil(moment: Promise<void> | undefined): void {
    this.#held = moment;
    void moment?.then(() => (this.#held = undefined));
  }

  override _read(): void {
    // Nobody sends anything.
  }

  override _write(_chunk: unknown, _encoding: BufferEncoding, accept: () => void): void {
    const all = [this.#held, ...[...this.consumers].map((consumer) => consumer.room())];
    const waits = all.filter((wait) => wait !== undefined);
    if (waits.length === 0) accept();
    else void Promise.all(waits).then(() => accept());
  }

  /** Node's server calls this after the last response of a connection. */
  destroySoon(): void {
    this.destroy();
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

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
