import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** `requests`: what the client sends. `replies`: what the server sends. */
export type Direction = "requests" | "replies";

/** Stands between a client and a server, and does to their connections what networks do. All of it can be changed at any time. */
export interface TcpProxy {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** How many connections it has accepted. */
  readonly accepted: number;
  /** How many of them are open. */
  readonly open: number;
  /** How many bytes it has forwarded in each direction. */
  readonly forwarded: Readonly<Record<Direction, number>>;
  /** Forwards everything this many ms later. 0: at once. */
  delay(ms: number): void;
  /** Forwards nothing, and keeps all connections, new ones too. Default: in both directions. */
  freeze(direction?: Direction): void;
  /** Forwards again, first what has been held. */
  thaw(): void;
  /** Forwards this many bytes of replies more, and then closes the connection of the next. */
  truncate(bytes: number): void;
  /** Flips bits of every reply. */
  garble(): void;
  /** Closes all connections, as a crash (`RST`) or a shutdown (`FIN`) of the server does. New ones are accepted. */
  cut(how: "RST" | "FIN"): void;
  /** Accepts no new connections. */
  refuse(): void;
  /** Undoes all of that. Connections that were closed stay closed. */
  calm(): Promise<void>;
  /** Ends it, with all connections. */
  close(): Promise<void>;
}

/** Starts a proxy on a free port, in front of a server of this machine. */
export async function startTcpProxy(server: { readonly port: number }): Promise<TcpProxy> {
  const proxy = new Relay(server.port);
  await proxy.listen();
  return proxy;
}

class Relay implements TcpProxy {
  readonly host = "127.0.0.1";
  readonly forwarded: Record<Direction, number> = { requests: 0, replies: 0 };
  port = 0;
  accepted = 0;
  readonly #target: number;
  readonly #server = createServer({ noDelay: true }, (client) => this.#accept(client));
  readonly #pairs = new Set<Pair>();
  readonly #frozen = new Set<Direction>();
  #thawed: (() => void)[] = [];
  #delayMs = 0;
  #left = Infinity;
  #isGarbling = false;

  constructor(target: number) {
    this.#target = target;
  }

  get open(): number {
    return this.#pairs.size;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.port, this.host);
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  freeze(direction?: Direction): void {
    for (const one of direction === undefined ? (["requests", "replies"] as const) : [direction])
      this.#frozen.add(one);
  }

  thaw(): void {
    this.#frozen.clear();
    for (const resume of this.#thawed.splice(0)) resume();
  }

  truncate(bytes: number): void {
    this.#left = bytes;
  }

  garble(): void {
    this.#isGarbling = true;
  }

  cut(how: "RST" | "FIN"): void {
    for (const pair of this.#pairs) pair.close(how);
  }

  refuse(): void {
    this.#server.close();
  }

  async calm(): Promise<void> {
    this.#delayMs = 0;
    this.#left = Infinity;
    this.#isGarbling = false;
    this.thaw();
    if (!this.#server.listening) await this.listen();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.close("RST");
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    this.accepted++;
    const server = connect({ port: this.#target, host: this.host, noDelay: true });
    const pair = new Pair(client, server, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    this.#pipe("requests", client, server, pair);
    this.#pipe("replies", server, client, pair);
  }

  #pipe(direction: Direction, from: Socket, to: Socket, pair: Pair): void {
    let last = Promise.resolve();
    /** Carries out one thing after all before it, with the delay that holds now. */
    const later = (act: () => void): void => {
      const due = this.#delayMs > 0 ? sleep(this.#delayMs) : undefined;
      last = last.then(async () => {
        await due;
        await this.#whileFrozen(direction);
        act();
      });
    };
    from.on("data", (chunk: Buffer) => {
      if (this.#frozen.has(direction)) {
        // The sender notices, as it does of a process that no longer reads.
        from.pause();
        void this.#whileFrozen(direction).then(() => from.resume());
      }
      later(() => {
        const part = direction === "replies" ? this.#spoilt(chunk) : chunk;
        this.forwarded[direction] += part.byteLength;
        if (to.writable) to.write(part);
        if (part.byteLength < chunk.byteLength) pair.close("FIN");
      });
    });
    from.on("end", () => later(() => to.end()));
    from.on("close", () => later(() => pair.close("FIN")));
    from.on("error", () => later(() => pair.close("RST")));
  }

  async #whileFrozen(direction: Direction): Promise<void> {
    while (this.#frozen.has(direction)) await new Promise<void>((resume) => this.#thawed.push(resume));
  }

  #spoilt(chunk: Buffer): Buffer {
    const kept = chunk.subarray(0, this.#left);
    this.#left -= kept.byteLength;
    return this.#isGarbling ? Buffer.from(kept.map((byte) => byte ^ 0x15)) : kept;
  }
}

/** The two connections of one client. */
class Pair {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(client: Socket, server: Socket, onClose: () => void) {
    this.#client = client;
    this.#server = server;
    this.#onClose = onClose;
  }

  close(how: "RST" | "FIN"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose();
    this.#server.destroy();
    if (how === "RST") this.#client.resetAndDestroy();
    else this.#client.destroySoon();
  }
}
