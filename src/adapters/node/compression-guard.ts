import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply } from "../../adapter.ts";
import { isEndWrapped, isWriteWrapped } from "./method-override.ts";
import { onHeaders } from "./wrapped-head.ts";

/** Has the shape of a strong entity tag. */
const STRONG = /^"[^"]*"$/;

/**
 * Keeps what a reply says of its bytes from being said of others, where middleware codes content as its head is written.
 * To be called once the reply's fields are on the response.
 *
 * A strong entity tag names bytes (RFC 9110 §8.8.1), and a part of plain ones is no part of coded ones: a client that
 * resumes one form by the other would join the two. So a strong tag goes out weak with a coding, whoever made it, and
 * parts forbid one (RFC 9110 §7.7). A tag that the coding gives itself is its own.
 */
export function guardCompression(res: ServerResponse, { status }: Pick<Reply, "status">): void {
  // What is coded already, compression leaves as it is.
  if (res.hasHeader("content-encoding")) return;
  if (status === 206) return forbidCoding(res);
  const tag = res.getHeader("etag");
  if (typeof tag !== "string" || !STRONG.test(tag)) return;
  const mayCode = isWriteWrapped(res) && isEndWrapped(res);
  if (status === 304 || res.req.method === "HEAD") {
    if (describesCoded(res.req, status, tag, mayCode)) res.setHeader("etag", `W/${tag}`);
    return;
  }
  onHeaders(res, () => {
    const coding = res.getHeader("content-encoding");
    if (coding !== undefined && coding !== "identity" && res.getHeader("etag") === tag)
      res.setHeader("etag", `W/${tag}`);
  });
}

/**
 * Whether an answer without content stands for one that would be coded: a 304 to who has the weak tag, for whom the
 * strong one would be that of other content (RFC 9111 §4.3.4), and else any to who accepts a coding where one `mayCode`.
 */
export function describesCoded(req: IncomingMessage, status: number, tag: string, mayCode: boolean): boolean {
  // The handler of a miss does not see the condition that the client sent.
  const sent = (req as Partial<IncomingMessage>).headersDistinct?.["if-none-match"];
  const condition = status === 304 ? (sent ?? [req.headers["if-none-match"] ?? ""]).join(", ") : "";
  if (condition.includes(`W/${tag}`)) return true;
  if (condition.includes(tag)) return false;
  return mayCode && /gzip|br|deflate|zstd|compress|\*/i.test(req.headers["accept-encoding"] ?? "");
}

function forbidCoding(res: ServerResponse): void {
  const directives = [res.getHeader("cache-control") ?? []].flat().join(", ");
  if (/\bno-transform\b/i.test(directives)) return;
  res.setHeader("cache-control", directives === "" ? "no-transform" : `${directives}, no-transform`);
}
