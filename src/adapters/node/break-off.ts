import type { ServerResponse } from "node:http";

/** Breaks a response's connection so that its client knows that it was not the end. */
export function breakOff(res: ServerResponse): void {
  const isCounted = res.chunkedEncoding || res.hasHeader("content-length") || res.req.httpVersionMajor > 1;
  // To a client of HTTP/1.0 an end of the connection is the end of the content (RFC 9112 §6.3): only a reset is none.
  if (!isCounted && res.socket !== null && !("encrypted" in res.socket)) res.socket.resetAndDestroy();
  res.destroy();
}
