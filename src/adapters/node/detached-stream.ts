import type { IncomingMessage, ServerResponse } from "node:http";
import type {
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { DetachedSocket } from "./detached-socket.ts";

/** A request and its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type PushCallback = (error: Error | null, stream: DetachedStream, headers: object) => void;

/**
 * An HTTP/2 stream without a client, for a handler that goes on after its client has disconnected, or never had one.
 *
 * It has every method of Node's server streams, and belongs to no session.
 */
export class DetachedStream extends DetachedSocket {
  readonly session = undefined;
  readonly pending = false;
  readonly endAfterHeaders = true;
  readonly bufferSize = 0;
  readonly state = {};
  readonly sentInfoHeaders: object[] = [];
  /** The client's own setting. What a handler pushes is discarded. */
  readonly pushAllowed: boolean;
  readonly id: number | undefined;
  headersSent = false;
  headRequest = false;
  sentHeaders: object | undefined;
  sentTrailers: object | undefined;
  aborted = false;
  override closed = false;
  rstCode = 0;
  readonly #client: Socket;
  #hasTrailers = false;

  /** `client` is the client's connection, `stream` the stream to copy. */
  constructor(client: Socket, stream: Pick<ServerHttp2Stream, "id" | "pushAllowed"> | undefined) {
    super(client);
    this.#client = client;
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

  pushStream(headers: object, options: object | PushCallback, callback?: PushCallback): void {
    const call = typeof options === "function" ? (options as PushCallback) : callback;
    process.nextTick(() => call?.(null, new DetachedStream(this.#client, undefined), headers));
  }

  priority(): void {
    // There is no other stream.
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
 * Creates an HTTP/2 request and its response, of Node's own classes, on a detached stream.
 *
 * Node's HTTP/1 response cannot be used: it sends no trailers in reply to an HTTP/2 request.
 */
export function createExchange(
  stream: DetachedStream,
  headers: IncomingHttpHeaders,
  lines: readonly string[],
): Exchange {
  // Loaded once a client speaks HTTP/2: it takes longer to load than the rest of the package.
  const http2 = process.getBuiltinModule("node:http2") as {
    Http2ServerRequest: new (stream: unknown, headers: object, options: object, raw: string[]) => unknown;
    Http2ServerResponse: new (stream: unknown) => unknown;
  };
  const request = new http2.Http2ServerRequest(stream, headers, {}, [...lines]) as Http2ServerRequest;
  const response = new http2.Http2ServerResponse(stream) as Http2ServerResponse;
  return { request, response } as unknown as Exchange;
}
