import type { IncomingMessage } from "node:http";

/**
 * Returns the content of a request as a body parser has parsed it, which is `body`: undefined if none has read it, empty
 * text if there is none.
 *
 * Parsers set `{}` for content that they did not read, and those of forms put files elsewhere. Two requests that differ
 * there must not have the same key (hazard 5).
 */
export function parsedContent(req: IncomingMessage, body: unknown): unknown {
  const {
    "content-length": length = "0",
    "transfer-encoding": coding,
    "content-type": type = "",
  } = req.headers;
  if (coding === undefined && Number(length) === 0 && req.httpVersionMajor === 1) return "";
  return req.readableEnded && !/^\s*multipart\//i.test(type) ? body : undefined;
}
