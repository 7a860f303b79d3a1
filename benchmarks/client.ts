import { createHash } from "node:crypto";
import { connect } from "node:net";
import type { Socket } from "node:net";

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const END_OF_CHUNKS = Buffer.from("0\r\n\r\n");
/** Where the status code stands in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9;

/** How the end of a response's content is told: by its length, by a last chunk, or by the end of the connection. */
type Framing = number | "chunked" | "close";

/** One keep-alive connection. While a response comes it is only kept; it is read and judged when all are there. */
export class Client {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #bytes = 0;
  #bodyAt = 0;
  #framing: Framing | undefined;
  #done: (() => void) | undefined;
  #lost: string | undefined;
  askedAt = NaN;
  firstAt = NaN;
  endedAt = NaN;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#lose(error.message));
    this.#socket.on("close", () => this.#lose("the connection was closed"));
  }

  /** Whether it can ask again. */
  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  open(): Promise<void> {
    if (!this.#socket.connecting) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#socket.once("connect", resolve);
      this.#socket.once("error", reject);
    });
  }

  ask(request: Buffer, done: () => void): void {
    this.#received = [];
    this.#bytes = 0;
    this.#framing = undefined;
    this.#done = done;
    this.firstAt = NaN;
    this.endedAt = NaN;
    this.askedAt = performance.now();
    this.#socket.write(request);
  }

  giveUp(): void {
    this.#lose("no whole response in time");
    this.#socket.destroy();
  }

  /** What is wrong with the response, if anything: `hash` is that of the right content. */
  fault(hash: string): string | undefined {
    if (Number.isNaN(this.endedAt)) return this.#lost;
    const whole = Buffer.concat(this.#received);
    const status = whole.toString("latin1", STATUS_AT, STATUS_AT + 3);
    if (status !== "200") return `status ${status}`;
    const content = whole.subarray(this.#bodyAt);
    const body = this.#framing === "chunked" ? unchunked(content) : content;
    return hashOf(body) === hash ? undefined : "other bytes";
  }

  #read(chunk: Buffer): void {
    if (this.#received.push(chunk) === 1) this.firstAt = performance.now();
    this.#bytes += chunk.byteLength;
    if (this.#framing === undefined) this.#readHead();
    if (this.#isWhole()) this.#end();
  }

  #readHead(): void {
    const soFar = this.#received.length === 1 ? this.#received[0] : Buffer.concat(this.#received);
    const end = soFar?.indexOf(END_OF_HEAD) ?? -1;
    if (end === -1) return;
    this.#bodyAt = end + END_OF_HEAD.byteLength;
    const head = soFar?.toString("latin1", 0, end).toLowerCase() ?? "";
    const length = /\ncontent-length: *(\d+)/.exec(head)?.[1];
    if (length !== undefined) this.#framing = Number(length);
    else this.#framing = /\ntransfer-encoding: *chunked/.test(head) ? "chunked" : "close";
  }

  #isWhole(): boolean {
    if (this.#framing === "chunked") {
      if (this.#bytes < this.#bodyAt + END_OF_CHUNKS.byteLength) return false;
      return lastBytes(this.#received, END_OF_CHUNKS.byteLength).equals(END_OF_CHUNKS);
    }
    return typeof this.#framing === "number" && this.#bytes >= this.#bodyAt + this.#framing;
  }

  #end(): void {
    const done = this.#done;
    if (done === undefined) return;
    this.endedAt = performance.now();
    this.#done = undefined;
    done();
  }

  #lose(reason: string): void {
    this.#lost ??= reason;
    if (this.#framing === "close" && reason === "the connection was closed") return this.#end();
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }
}

/** As many connections as there are clients, of which those that are open stay so. */
export async function openedClients(
  known: readonly Client[],
  port: number,
  count: number,
): Promise<Client[]> {
  const clients = Array.from({ length: count }, (_, index) => {
    const client = known[index];
    return client?.isOpen === true ? client : new Client(port);
  });
  await Promise.all(clients.map((client) => client.open()));
  return clients;
}

/** Writes a request on each connection at once, and waits for all responses, or until the deadline. */
export function askAtOnce(clients: readonly Client[], request: Buffer, deadlineMs: number): Promise<void> {
  const waiting = new Set(clients);
  return new Promise((resolve) => {
    const deadline = setTimeout(() => waiting.forEach((client) => client.giveUp()), deadlineMs);
    for (const client of clients) {
      client.ask(request, () => {
        waiting.delete(client);
        if (waiting.size > 0) return;
        clearTimeout(deadline);
        resolve();
      });
    }
  });
}

export function requestFor(port: number, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`, "latin1");
}

export function hashOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

function lastBytes(chunks: readonly Buffer[], count: number): Buffer {
  const last = chunks.at(-1) ?? Buffer.alloc(0);
  return last.byteLength >= count
    ? last.subarray(-count)
    : Buffer.concat(chunks.slice(-count)).subarray(-count);
}

/** The content of chunked framing. Where it is not well formed, what was read so far: its hash is a wrong one. */
function unchunked(framed: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = framed.indexOf("\r\n", at);
    const size = Number.parseInt(framed.toString("latin1", at, lineEnd), 16);
    if (lineEnd === -1 || !(size > 0)) return Buffer.concat(chunks);
    chunks.push(framed.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
