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

/** A complete response. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** Names and values alternately, as received. */
  readonly rawHeaders: readonly string[];
  /** A header's combined value, by lower-case name. */
  header(name: string): string | undefined;
  /** A header's lines in order, by lower-case name. */
  lines(name: string): readonly string[];
}

/** A response whose head has arrived. */
export interface OpenAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  /** Returns the next part of the body, or undefined after the last. Rejects if the connection breaks. */
  next(): Promise<Buffer | undefined>;
  /** Disconnects. */
  abort(): void;
}

/** A client of one server, in the server's protocol. */
export interface ContractClient {
  /** Sends a request and returns the complete response. Rejects if the connection breaks. */
  ask(ask: Ask): Promise<Answer>;
  /** Sends a request and returns as soon as the head has arrived. */
  open(ask: Ask): Promise<OpenAnswer>;
  /** Sends a request without waiting, for clients that disconnect before the response. */
  start(ask: Ask): { destroy(): unknown };
  /** Returns the whole response to a request without content as text: status line, fields, content. */
  wire(ask: Omit<Ask, "body">): Promise<string>;
  /** Pipelines GET requests on one HTTP/1.1 connection. `ended` resolves with everything received. */
  ahead(
    paths: readonly string[],
    options?: { readonly closes?: boolean },
  ): { readonly socket: Socket; readonly ended: Promise<string> };
  /** Sends raw HTTP/1. `begun` resolves once `sign` has arrived, `whole` with everything received. Rejects if it breaks. */
  rawBegun(text: string, sign: string): { readonly begun: Promise<void>; readonly whole: Promise<string> };
  /** Closes all open connections. */
  close(): void;
}

/** A client that sends each request on its own HTTP/1.1 connection. */
export class Client implements ContractClient {
  readonly origin: URL;
  readonly #open = new Set<ClientRequest>();
  readonly #sockets = new Set<Socket>();
  readonly #boundMs: number;

  /** `boundMs` is the timeout of a request. */
  constructor(origin: string, boundMs: number) {
    this.origin = new URL(origin);
    this.#boundMs = boundMs;
  }

  /** Sends a request and returns the complete response. Rejects if the connection breaks. */
  async ask(ask: Ask): Promise<Answer> {
    const message = await this.#head(ask, this.start(ask));
    const parts: Buffer[] = [];
    try {
      for await (const part of message) parts.push(part as Buffer);
    } catch (error) {
      throw broken(`the response to ${nameOf(ask)} broke off`, error);
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

  /** Sends a request and returns as soon as the head has arrived. */
  async open(ask: Ask): Promise<OpenAnswer> {
    const request = this.start(ask);
    const message = await this.#head(ask, request);
    const parts = message[Symbol.asyncIterator]();
    return {
      status: message.statusCode ?? 0,
      header: (name) => combined(linesOf(message.rawHeaders, name)),
      next: async () => {
        const part = await parts.next().catch((error: unknown) => {
          throw broken(`the response to ${nameOf(ask)} broke off`, error);
        });
        return part.done === true ? undefined : (part.value as Buffer);
      },
      abort: () => void request.destroy(),
    };
  }

  /** Sends a request without waiting, for clients that disconnect before the response. */
  start(ask: Ask): ClientRequest {
    const { method = "GET", path, headers, body } = ask;
    const { hostname, port } = this.origin;
    const signal = AbortSignal.timeout(this.#boundMs);
    const request = send({ hostname, port, method, path, agent: false, signal, ...(headers && { headers }) });
    this.#open.add(request);
    request.once("close", () => this.#open.delete(request));
    // Errors are reported where the response is awaited. A client that disconnects on purpose has none.
    request.on("error", () => undefined);
    request.end(body);
    return request;
  }

  /** Pipelines GET requests on one connection. `ended` resolves with everything received until it is closed. */
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

  /** Sends raw bytes and returns everything received until the server closes the connection. */
  raw(text: string): Promise<string> {
    return this.rawBegun(text, "").whole;
  }

  /** Sends raw bytes. `begun` resolves once `sign` has arrived, `whole` with everything received. Rejects if it breaks. */
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
      socket.once("error", (error) => reject(broken("a response broke off", error)));
      socket.once("close", () => {
        begin();
        resolve(answer);
      });
      socket.write(text, "latin1");
    });
    return { begun, whole };
  }

  /** Closes all open connections. */
  close(): void {
    for (const request of this.#open) request.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #head(ask: Ask, request: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", (error) => reject(broken(`${nameOf(ask)} got no response`, error)));
    });
  }
}

/** The connection broke before the response was complete. */
export class BrokenResponse extends Error {
  override readonly name = "BrokenResponse";
}

/** Returns the error for a response that broke off. A timeout is an unmet requirement, not a broken connection. */
export function broken(what: string, cause: unknown): Error {
  if (cause instanceof assert.AssertionError) return cause;
  if (!(cause instanceof Error)) return new BrokenResponse(what, { cause });
  if (cause.name !== "AbortError") return new BrokenResponse(`${what}: ${cause.message}`, { cause });
  return new assert.AssertionError({ message: `${what} in time` });
}

/** A request's name in messages. */
export function nameOf({ method = "GET", path }: Ask): string {
  return `${method} ${path}`;
}

/** The lines of a field, by lower-case name. */
export function linesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** The combined value of a field's lines. */
export function combined(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join(", ");
}
