import assert from "node:assert/strict";
import { request as send } from "node:http";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";

/** A request to a contract server. */
export interface Ask {
  /** Default: GET. */
  readonly method?: string;
  /** Path and query, sent as they are. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** Names and values as they came, in turns. */
  readonly rawHeaders: readonly string[];
  /** A header's combined value, by lower-case name. */
  header(name: string): string | undefined;
  /** A header's lines in order, by lower-case name. */
  lines(name: string): readonly string[];
}

/** An answer whose head has come. */
export interface OpenAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  /** The next part of the body; undefined after the last one. Rejects where the connection breaks. */
  next(): Promise<Buffer | undefined>;
  /** Goes away. */
  abort(): void;
}

/** Asks one server, in the version of HTTP that it speaks. */
export interface ContractClient {
  /** Asks, and reads the answer to its end. Rejects where it breaks before it. */
  ask(ask: Ask): Promise<Answer>;
  /** Asks, and answers as soon as the head has come. */
  open(ask: Ask): Promise<OpenAnswer>;
  /** Sends a request and waits for nothing: for those who go away before the answer comes. */
  start(ask: Ask): { destroy(): unknown };
  /** Answers all that comes for a request without content: the line of the status, the fields, the content. */
  wire(ask: Omit<Ask, "body">): Promise<string>;
  /** Asks for these on one connection of HTTP/1, without waiting for answers; `ended` is all that comes. */
  ahead(
    paths: readonly string[],
    options?: { readonly closes?: boolean },
  ): { readonly socket: Socket; readonly ended: Promise<string> };
  /** Sends these very bytes of HTTP/1; tells when `sign` has come, and all that comes. Rejects where it breaks. */
  rawBegun(text: string, sign: string): { readonly begun: Promise<void>; readonly whole: Promise<string> };
  /** Drops what is still open. */
  close(): void;
}

/** Asks one server by HTTP/1.1, each request on a connection of its own, and knows what is still open. */
export class Client implements ContractClient {
  readonly origin: URL;
  readonly #open = new Set<ClientRequest>();
  readonly #sockets = new Set<Socket>();
  readonly #boundMs: number;

  /** `boundMs` is when a request is given up that should have been answered long before. */
  constructor(origin: string, boundMs: number) {
    this.origin = new URL(origin);
    this.#boundMs = boundMs;
  }

  /** Asks, and reads the answer to its end. Rejects where the connection breaks before it. */
  async ask(ask: Ask): Promise<Answer> {
    const message = await this.#head(ask, this.start(ask));
    const parts: Buffer[] = [];
    try {
      for await (const part of message) parts.push(part as Buffer);
    } catch (error) {
      throw broken(`the answer to ${nameOf(ask)} broke off`, error);
    }
    const body = Buffer.concat(parts);
    const lines = (name: string): readonly string[] => linesOf(message.rawHeaders, name);
    return {
      status: message.statusCode ?? 0,
      body,
      text: body.toString(),
      rawHeaders: message.rawHeaders,
      header: (name) => combined(lines(name)),
      lines,
    };
  }

  /** Asks, and answers as soon as the head has come. */
  async open(ask: Ask): Promise<OpenAnswer> {
    const request = this.start(ask);
    const message = await this.#head(ask, request);
    const parts = message[Symbol.asyncIterator]();
    return {
      status: message.statusCode ?? 0,
      header: (name) => combined(linesOf(message.rawHeaders, name)),
      next: async () => {
        const part = await parts.next().catch((error: unknown) => {
          throw broken(`the answer to ${nameOf(ask)} broke off`, error);
        });
        return part.done === true ? undefined : (part.value as Buffer);
      },
      abort: () => void request.destroy(),
    };
  }

  /** Sends a request and waits for nothing: for those who go away before the answer comes. */
  start(ask: Ask): ClientRequest {
    const { method = "GET", path, headers, body } = ask;
    const { hostname, port } = this.origin;
    const signal = AbortSignal.timeout(this.#boundMs);
    const request = send({ hostname, port, method, path, agent: false, signal, ...(headers && { headers }) });
    this.#open.add(request);
    request.once("close", () => this.#open.delete(request));
    // Who waits for the answer hears of an error there; a request that goes away on purpose has nobody to tell.
    request.on("error", () => undefined);
    request.end(body);
    return request;
  }

  /** Asks for these on one connection, without waiting for answers; `ended` is all that comes until it is closed. */
  ahead(
    paths: readonly string[],
    { closes = false }: { readonly closes?: boolean } = {},
  ): { readonly socket: Socket; readonly ended: Promise<string> } {
    const socket = connect(Number(this.origin.port), this.origin.hostname);
    this.#sockets.add(socket);
    const last = closes ? paths.length - 1 : -1;
    const requests = paths.map(
      (path, at) =>
        `GET ${path} HTTP/1.1\r\nhost: ${this.origin.host}\r\n${at === last ? "connection: close\r\n" : ""}\r\n`,
    );
    socket.write(requests.join(""));
    const ended = new Promise<string>((resolve) => {
      let text = "";
      socket.setEncoding("latin1").on("data", (part: string) => void (text += part));
      socket.on("error", () => undefined);
      socket.once("close", () => resolve(text));
    });
    return { socket, ended };
  }

  wire({ method = "GET", path, headers = {} }: Omit<Ask, "body">): Promise<string> {
    const lines = Object.entries({ host: "a.test", ...headers, connection: "close" });
    const fields = lines.map(([name, value]) => `${name}: ${String(value)}\r\n`).join("");
    return this.raw(`${method} ${path} HTTP/1.1\r\n${fields}\r\n`);
  }

  /** Sends these very bytes and answers all that comes until the server closes the connection. */
  raw(text: string): Promise<string> {
    return this.rawBegun(text, "").whole;
  }

  /** Sends these very bytes; tells when `sign` has come, and all that comes. Rejects where the connection breaks. */
  rawBegun(text: string, sign: string): { readonly begun: Promise<void>; readonly whole: Promise<string> } {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const whole = new Promise<string>((resolve, reject) => {
      const socket = connect(Number(this.origin.port), this.origin.hostname);
      let answer = "";
      socket.setTimeout(this.#boundMs, () =>
        socket.destroy(
          new assert.AssertionError({ message: "the server did not close the connection in time" }),
        ),
      );
      socket.setEncoding("latin1");
      socket.on("data", (part: string) => {
        answer += part;
        if (answer.includes(sign)) begin();
      });
      socket.once("error", (error) => reject(broken("an answer broke off", error)));
      socket.once("close", () => {
        begin();
        resolve(answer);
      });
      socket.write(text, "latin1");
    });
    return { begun, whole };
  }

  /** Drops what is still open. */
  close(): void {
    for (const request of this.#open) request.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #head(ask: Ask, request: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", (error) => reject(broken(`${nameOf(ask)} got no answer`, error)));
    });
  }
}

/** The connection broke, or nothing came, before the answer was whole. */
export class BrokenAnswer extends Error {
  override readonly name = "BrokenAnswer";
}

/** What did not come in time is a requirement that was not met, not a connection that broke. */
export function broken(what: string, cause: unknown): Error {
  if (cause instanceof assert.AssertionError) return cause;
  if (!(cause instanceof Error)) return new BrokenAnswer(what, { cause });
  if (cause.name !== "AbortError") return new BrokenAnswer(`${what}: ${cause.message}`, { cause });
  return new assert.AssertionError({ message: `${what} in time` });
}

/** What messages call a request. */
export function nameOf({ method = "GET", path }: Ask): string {
  return `${method} ${path}`;
}

/** The values of a field, by lower-case name. */
export function linesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** What the lines of one field say together. */
export function combined(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join(", ");
}
