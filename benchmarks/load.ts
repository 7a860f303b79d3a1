// The load generator: keep-alive connections, one request at a time on each, as little work per response as can be.
// A generator that parses whole responses costs as much as the server, and then both contenders look alike.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { answerParent } from "./messages.ts";
import type { LoadOrder, LoadResult } from "./messages.ts";

const END_OF_HEAD = "\r\n\r\n";
const LAST_CHUNK = "0\r\n\r\n";
/** Where the status code stands in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9;

const DIGITS = 10;
let number = 0;

/** Connections stay open between slices: a slice measures requests, not handshakes. */
const pools = new Map<number, Connection[]>();

class Connection {
  #left = 0;
  #inHead = true;
  #order: LoadOrder | undefined;
  #done: ((error?: Error) => void) | undefined;
  readonly #socket: Socket;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#done?.(error));
    this.#socket.on("close", () => this.#done?.(new Error("the server closed a connection")));
  }

  /** Sends one request and calls back when its whole response is there. */
  ask(order: LoadOrder, request: Buffer, done: (error?: Error) => void): void {
    this.#order = order;
    this.#done = done;
    this.#inHead = true;
    this.#socket.write(request);
  }

  #read(chunk: Buffer): void {
    const order = this.#order;
    if (order === undefined) return;
    let bytes = chunk.byteLength;
    if (this.#inHead) {
      const end = chunk.indexOf(END_OF_HEAD);
      // Heads are a few hundred bytes, written at once: one that comes in parts is a mistake in the benchmark.
      if (end === -1) return this.#finish(new Error("a response head came in parts"));
      const status = chunk.toString("latin1", STATUS_AT, STATUS_AT + 3);
      if (status !== String(order.status))
        return this.#finish(new Error(`status ${status}, not ${order.status}`));
      this.#inHead = false;
      this.#left = order.bodyBytes;
      bytes -= end + END_OF_HEAD.length;
    }
    if (order.isChunked === true) {
      if (chunk.toString("latin1", chunk.byteLength - LAST_CHUNK.length) === LAST_CHUNK) this.#finish();
      return;
    }
    this.#left -= bytes;
    if (this.#left < 0) return this.#finish(new Error("a response is longer than expected"));
    if (this.#left === 0) this.#finish();
  }

  #finish(error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }
}

/** Loads one server for a while and waits for what is under way. */
function run(order: LoadOrder): Promise<LoadResult> {
  const pool = poolOf(order);
  return new Promise((resolve, reject) => {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const endsAt = startedAt + order.seconds * 1000;
    let requests = 0;
    let running = pool.length;
    const loop = (connection: Connection): void => {
      // One for each connection, which has one request under way.
      const request = Buffer.from(order.request, "latin1");
      const ask = (): void => {
        if (order.numberAt !== undefined)
          request.write(String(++number).padStart(DIGITS, "0"), order.numberAt, "latin1");
        connection.ask(order, request, done);
      };
      const done = (error?: Error): void => {
        if (error !== undefined) return reject(error);
        requests++;
        if (performance.now() < endsAt) return ask();
        if (--running > 0) return;
        const { user, system } = process.cpuUsage(cpu);
        resolve({ requests, seconds: (performance.now() - startedAt) / 1000, cpuMicros: user + system });
      };
      ask();
    };
    for (const connection of pool) loop(connection);
  });
}

function poolOf(order: LoadOrder): Connection[] {
  let pool = pools.get(order.port);
  if (pool === undefined) {
    pool = Array.from({ length: order.connections }, () => new Connection(order.port));
    pools.set(order.port, pool);
  }
  return pool;
}

answerParent((order) => run(order as LoadOrder));
