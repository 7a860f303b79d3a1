import { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Socket } from "node:net";
import type { Fill } from "../../adapter.ts";
import { distinctOf, headersOf, receivedLines } from "./raw-headers.ts";
import { DetachedStream, exchangeOn } from "./detached-stream.ts";
import type { Exchange } from "./detached-stream.ts";
import { DetachedSocket } from "./detached-socket.ts";

/** Which requests run for which fill: by identity, so that nothing a client can send is such a mark. */
const FILLS: WeakMap<IncomingMessage, Fill> = new WeakMap();

/** Passes a request to whatever answers it. */
type Dispatch = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Runs a request again without its client. Returns at once; the run begins in a later turn.
 *
 * It is a GET with the fields that the client sent, in the client's version of HTTP, from an end of a connection that
 * says what the client's says. `dispatch` has to bring it to a reader of `replayedFill`; where nobody has opened the
 * fill when the response is over, it is abandoned.
 */
export function replay(original: IncomingMessage, url: string, fill: Fill, dispatch: Dispatch): void {
  // The client's connection, and its request, may be others by the next turn.
  const exchange = original.httpVersionMajor > 1 ? exchangeOfHttp2(original, url) : exchangeOf(original, url);
  setImmediate(() => run(exchange, fill, dispatch));
}

/** The fill for which a request was made by `replay`; undefined for a client's. It is answered once. */
export function replayedFill(request: IncomingMessage): Fill | undefined {
  const fill = FILLS.get(request);
  if (fill !== undefined) FILLS.delete(request);
  return fill;
}

function run({ request, response }: Exchange, fill: Fill, dispatch: Dispatch): void {
  const fail = (error: unknown): void => {
    fill.abandon("failed", error);
    response.destroy();
  };
  response.once("close", () => {
    FILLS.delete(request);
    // Whoever opened it ends it: this is for what was answered before, by a guard perhaps.
    fill.abandon("failed");
    if (response.writableFinished) request.resume();
    else request.destroy();
  });
  FILLS.set(request, fill);
  try {
    const running: unknown = dispatch(request, response);
    if (running instanceof Promise) running.catch(fail);
  } catch (error) {
    fail(error);
  }
}

function exchangeOf(original: IncomingMessage, url: string): Exchange {
  const socket = new DetachedSocket(original.socket);
  const request = requestOf(original, url, socket as unknown as Socket);
  const response = new ServerResponse(request);
  // Nobody reads it: what cannot be said to a client of HTTP/1.0, such as trailers, is no reason to fail.
  response.useChunkedEncodingByDefault = true;
  socket.carry(response);
  // Nobody else comes on this connection; with it closes the response.
  response.once("finish", () => socket.destroy());
  return { request, response };
}

function exchangeOfHttp2(original: IncomingMessage, url: string): Exchange {
  const { stream } = original as unknown as Http2ServerRequest;
  const lines = receivedLines(original, { ":method": "GET", ":path": url });
  // Node says under a symbol which of them no cache on the way may index (RFC 7541 §7.1.3).
  const symbols = Object.getOwnPropertySymbols(original.headers);
  const marks = symbols.map((symbol) => [symbol, Reflect.get(original.headers, symbol) as unknown]);
  const headers = Object.assign(headersOf(lines), Object.fromEntries(marks));
  return exchangeOn(new DetachedStream(original.socket, stream), headers, lines);
}

function requestOf(original: IncomingMessage, url: string, socket: Socket): IncomingMessage {
  const request = new IncomingMessage(socket);
  const lines = receivedLines(original);
  const { httpVersion, httpVersionMajor, httpVersionMinor } = original;
  Object.assign(request, { httpVersion, httpVersionMajor, httpVersionMinor });
  request.method = "GET";
  request.url = url;
  request.rawHeaders = lines;
  request.headers = headersOf(lines);
  request.headersDistinct = distinctOf(lines);
  // It has no content, and that has come.
  request.complete = true;
  request.push(null);
  return request;
}
