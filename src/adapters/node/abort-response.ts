import type { ServerResponse } from "node:http";
import { Socket } from "node:net";

/** Breaks a response's connection so that its client knows that it was not the end. */
export function abortResponse(res: ServerResponse, error?: Error): void {
  // Without an error, HTTP/2 closes a stream with NO_ERROR, and clients take what has come for the whole.
  if (res.req.httpVersionMajor > 1) {
    res.destroy(error ?? new Error("the content broke off before its end"));
    return;
  }
  if (res.socket !== null) resetUncounted(res, res.socket);
  res.destroy(error);
}

/** Ends the connection of a response of HTTP/1 so that its client knows that it was not the end. */
export function abortConnection(res: ServerResponse, socket: Socket): void {
  resetUncounted(res, socket);
  socket.destroy();
}

/** Makes whoever destroys a response before its end break it off: a stream that fails, the framework, the handler. */
export function abortWhenDestroyed(res: ServerResponse): void {
  const { destroy } = res;
  let isOver = false;
  res.destroy = (error?: Error): ServerResponse => {
    const breaks = !isOver && res.headersSent && !res.writableEnded && !res.destroyed;
    isOver = true;
    if (breaks) abortResponse(res, error);
    else destroy.call(res, error);
    return res;
  };
}

/** To a client of HTTP/1.0 an end of the connection is the end of the content (RFC 9112 §6.3): only a reset is none. */
function resetUncounted(res: ServerResponse, socket: Socket): void {
  if (!res.chunkedEncoding && !res.hasHeader("content-length")) reset(socket);
}

/** Has a connection reset as it is destroyed, if it can be: over a pipe nothing tells a break from the end. */
function reset(socket: Socket): void {
  const { _parent: below } = socket as { readonly _parent?: unknown };
  if (socket.remoteAddress === undefined) return;
  // A connection of TLS destroys the one below it. To reset that one by itself ends the process while it is written to.
  if (below instanceof Socket) Object.assign(below, { resetAndClosing: true });
  else socket.resetAndDestroy();
}
