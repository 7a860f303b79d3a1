import type { ServerResponse } from "node:http";
import { Socket } from "node:net";

/** Closes a response's connection in a way that its client takes for an incomplete message, not for its end. */
export function abortResponse(res: ServerResponse, error?: Error): void {
  // Without an error, HTTP/2 closes a stream with NO_ERROR, and clients take the content so far for all of it.
  if (res.req.httpVersionMajor > 1) {
    res.destroy(error ?? brokenOff());
    return;
  }
  if (res.socket !== null) resetUnframed(res, res.socket);
  res.destroy(error);
}

/** The error without which HTTP/2 would close a stream cleanly. */
export function brokenOff(): Error {
  return new Error("the content broke off before its end");
}

/** Closes the HTTP/1 connection of a response in a way that its client takes for an incomplete message. */
export function abortConnection(res: ServerResponse, socket: Socket): void {
  resetUnframed(res, socket);
  socket.destroy();
}

/** Makes `res.destroy()` abort a response that is under way, whoever calls it. */
export function abortWhenDestroyed(res: ServerResponse): void {
  const { destroy } = res;
  let isCalled = false;
  res.destroy = (error?: Error): ServerResponse => {
    const isUnderWay = !isCalled && res.headersSent && !res.writableEnded && !res.destroyed;
    isCalled = true;
    if (isUnderWay) abortResponse(res, error);
    else destroy.call(res, error);
    return res;
  };
}

/** A client of HTTP/1.0 takes a closed connection for the end of the content (RFC 9112 §6.3), but not a reset one. */
function resetUnframed(res: ServerResponse, socket: Socket): void {
  if (!res.chunkedEncoding && !res.hasHeader("content-length")) reset(socket);
}

/** Resets a connection. A pipe has no reset. */
function reset(socket: Socket): void {
  const { _parent: below } = socket as { readonly _parent?: unknown };
  if (socket.remoteAddress === undefined) return;
  // A TLS connection destroys the one below it. Resetting that one directly ends the process while it is written to.
  if (below instanceof Socket) Object.assign(below, { resetAndClosing: true });
  else socket.resetAndDestroy();
}
