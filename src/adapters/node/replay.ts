import { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Socket } from "node:net";
import type { Fill } from "../../adapter.ts";
import { processWide } from "./process-wide.ts";
import { distinctOf, headersOf, receivedLines } from "./raw-headers.ts";
import { DetachedStream, createExchange } from "./detached-stream.ts";
import type { Exchange } from "./detached-stream.ts";
import { DetachedSocket } from "./detached-socket.ts";

/** The fill of each replayed request: by identity, so that no client can forge one. */
const FILLS = processWide("node.fills.1", () => new WeakMap<IncomingMessage, Fill>());

/** Passes a request to the server or framework that handles it. */
type Dispatch = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Runs a request again without its client. Returns at once; the run begins in a later turn.
 *
 * It is a GET with the client's fields and HTTP version, on a detached copy of the client's connection. `dispatch`
 * has to pass it to code that calls `replayedFill`. If nobody has opened the fill when the response closes, it is
 * abandoned.
 */
export function replay(original: IncomingMessage, url: string, fill: Fill, dispatch: Dispatch): void {
  // Read now: by the next turn the request may have another connection.
  const exchange = original.httpVersionMajor > 1 ? exchangeOfHttp2(original, url) : exchangeOf(original, url);
  setImmediate(() => run(exchange, fill, dispatch));
}

/** Returns the fill for which `replay` made a request, once; undefined for a client's request. */
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
    // Without effect on a fill that was opened. A guard may have responded before.
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
  // Node throws for trailers to a client of HTTP/1.0, but nobody receives them.
  response.useChunkedEncodingByDefault = true;
  socket.attach(response);
  // There is no other request on this connection, and its end closes the response.
  response.once("finish", () => socket.destroy());
  return { request, response };
}

function exchangeOfHttp2(original: IncomingMessage, url: string): Exchange {
  const { stream } = original as unknown as Http2ServerRequest;
  const lines = receivedLines(original, { ":method": "GET", ":path": url });
  // Node keeps under a symbol which fields must not be indexed (RFC 7541 §7.1.3).
  const symbols = Object.getOwnPropertySymbols(original.headers);
  const marks = symbols.map((symbol) => [symbol, Reflect.get(original.headers, symbol) as unknown]);
  const headers = Object.assign(headersOf(lines), Object.fromEntries(marks));
  return createExchange(new DetachedStream(original.socket, stream), headers, lines);
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
  // It has no content.
  request.complete = true;
  request.push(null);
  return request;
}
