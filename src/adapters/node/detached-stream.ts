import type { IncomingMessage, ServerResponse } from "node:http";
import type {
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { DetachedSocket } from "./detached-socket.ts";

/** A request and its response, of HTTP/2, on one stream. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type Told = (error: Error | null, stream: DetachedStream, headers: object) => void;

/**
 * A stream of HTTP/2 without anybody at its other end, for a handler that runs without its client. It can all that Node
 * lets a server do with one, says what the client's connection says, and belongs to no session.
 */
export class DetachedStream extends DetachedSocket {
  readonly session = undefined;
  readonly pending = false;
  readonly endAfterHeaders = true;
  readonly bufferSize = 0;
  readonly state = {};
  readonly sentInfoHeaders: object[] = [];
  /** As the client says: a handler that pushes to it pushes here. */
  readonly pushAllowed: boolean;
  readonly id: number | undefined;
  headersSent = false;
  headRequest = false;
  sentHeaders: object | undefined;
  sentTrailers: object | undefined;
  aborted = false;
  override closed = false;
  rstCode = 0;
  readonly #model: Socket;
  #hasTrailers = false;

  /** `model` is the client's connection, `stream` the stream that this one stands for. */
  constructor(model: Socket, stream: Pick<ServerHttp2Stream, "id" | "pushAllowed"> | undefined) {
    super(model);
    this.#model = model;
    this.id = stream?.id;
    this.pushAllowed = stream?.pushAllowed ?? false;
    // A request without content.
    this.push(null);
    // Node closes a stream once all of it was sent.
    this.once("finish", () => this.destroy());
  }

  respond(headers: object = {}, options: { endStream?: boolean; waitForTrailers?: boolean } = {}): void {
    this.headersSent = true;
    this.sentHeaders = headers;
    this.#hasTrailers = options.waitForTrailers === true;
    if (options.endStream === true) this.end();
  }

  respondWithFile(_path: unknown, headers?: object): void {
    this.respond(headers, { endStream: true });
  }

  respondWithFD(_descriptor: unknown, headers?: object): void {
    this.respond(headers, { endStream: true });
  }

  additionalHeaders(headers: object): void {
    this.sentInfoHeaders.push(headers);
  }

  sendTrailers(trailers: object): void {
    this.sentTrailers = trailers;
  }

  pushStream(headers: object, options: object | Told, told?: Told): void {
    const tell = typeof options === "function" ? (options as Told) : told;
    process.nextTick(() => tell?.(null, new DetachedStream(this.#model, undefined), headers));
  }

  priority(): void {
    // Nobody is served before anybody else.
  }

  close(code = 0): void {
    this.rstCode = code;
    this.destroy();
  }

  override _final(done: () => void): void {
    if (this.#hasTrailers) this.emit("wantTrailers");
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableEnded) {
      this.aborted = true;
      this.emit("aborted");
    }
    this.closed = true;
    done(error);
  }
}

/**
 * Makes a request of HTTP/2 and its response, of Node's own classes, on a stream without anybody at its other end.
 *
 * They have to be such: Node's response of HTTP/1 knows no trailers for a request that says that it is of HTTP/2.
 */
export function exchangeOn(
  stream: DetachedStream,
  headers: IncomingHttpHeaders,
  lines: readonly string[],
): Exchange {
  // Loaded where a client speaks HTTP/2, and not before: it takes longer than the rest of the package.
  const http2 = process.getBuiltinModule("node:http2") as {
    Http2ServerRequest: new (stream: unknown, headers: object, options: object, raw: string[]) => unknown;
    Http2ServerResponse: new (stream: unknown) => unknown;
  };
  const request = new http2.Http2ServerRequest(stream, headers, {}, [...lines]) as Http2ServerRequest;
  const response = new http2.Http2ServerResponse(stream) as Http2ServerResponse;
  return { request, response } as unknown as Exchange;
}
