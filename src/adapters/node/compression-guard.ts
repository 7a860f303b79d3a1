import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply } from "../../adapter.ts";
import { isEndWrapped, isWriteWrapped } from "./method-override.ts";
import { onHeaders } from "./on-headers.ts";

const STRONG_TAG = /^"[^"]*"$/;

/**
 * Keeps entity tags and ranges of plain bytes from being applied to bytes that middleware compresses. Called once the
 * reply's fields are set on the response.
 *
 * A strong entity tag names bytes (RFC 9110 §8.8.1), and a range of plain bytes is no range of compressed ones: a
 * client that resumes one form by the other would join the two. So a strong tag becomes weak where a coding is
 * applied, and a 206 forbids one (RFC 9110 §7.7). A tag that the compression sets itself is left alone.
 *
 * `mayCompress` is whether something compresses what is sent. Default: something has wrapped `write` and `end`.
 */
export function guardCompression(
  res: ServerResponse,
  { status }: Pick<Reply, "status">,
  mayCompress: boolean = isWriteWrapped(res) && isEndWrapped(res),
): void {
  // Compression skips content that has a coding already.
  if (res.hasHeader("content-encoding")) return;
  if (status === 206) return forbidCompression(res);
  const tag = res.getHeader("etag");
  if (typeof tag !== "string" || !STRONG_TAG.test(tag)) return;
  if (status === 304 || res.req.method === "HEAD") {
    if (describesCoded(res.req, status, tag, mayCompress)) res.setHeader("etag", `W/${tag}`);
    return;
  }
  onHeaders(res, () => {
    const coding = res.getHeader("content-encoding");
    if (coding !== undefined && coding !== "identity" && res.getHeader("etag") === tag)
      res.setHeader("etag", `W/${tag}`);
  });
}

/**
 * Whether a response without content describes content that would be compressed.
 *
 * A 304 does if the client sent the weak tag: the strong one would name other content (RFC 9111 §4.3.4). Without a
 * tag in the condition, a response does if `mayCompress` is set and the client accepts a coding.
 */
export function describesCoded(
  req: IncomingMessage,
  status: number,
  tag: string,
  mayCompress: boolean,
): boolean {
  // On a miss, `headers` lacks the condition that the client sent.
  const sent = (req as Partial<IncomingMessage>).headersDistinct?.["if-none-match"];
  const condition = status === 304 ? (sent ?? [req.headers["if-none-match"] ?? ""]).join(", ") : "";
  if (condition.includes(`W/${tag}`)) return true;
  if (condition.includes(tag)) return false;
  return mayCompress && /gzip|br|deflate|zstd|compress|\*/i.test(req.headers["accept-encoding"] ?? "");
}

function forbidCompression(res: ServerResponse): void {
  const directives = [res.getHeader("cache-control") ?? []].flat().join(", ");
  if (/\bno-transform\b/i.test(directives)) return;
  res.setHeader("cache-control", directives === "" ? "no-transform" : `${directives}, no-transform`);
}
