import { withFields } from "./response.ts";

const STRONG_TAG = /^"[^"]*"$/;

/**
 * Keeps entity tags and ranges of plain bytes from being applied to bytes that something around the handler compresses.
 * `request` is the client's own.
 *
 * A strong entity tag names bytes (RFC 9110 §8.8.1), and a range of plain bytes is no range of compressed ones: a client
 * that resumes one form by the other would join the two. So a strong tag becomes weak where the client accepts a coding,
 * and a 206 forbids one (RFC 9110 §7.7).
 */
export function guardCompression(response: Response, request: Request): Response {
  const { status, headers } = response;
  // Compression skips content that has a coding already.
  if (headers.has("content-encoding")) return response;
  if (status === 206) return withFields(response, [["cache-control", untransformed(headers)]]);
  const tag = headers.get("etag") ?? "";
  return STRONG_TAG.test(tag) && describesCoded(request, status, tag)
    ? withFields(response, [["etag", `W/${tag}`]])
    : response;
}

/**
 * Whether a response has, or describes, content that is compressed. A 304 does if the client sent the weak tag: the strong
 * one would name other content (RFC 9111 §4.3.4).
 */
function describesCoded({ headers }: Request, status: number, tag: string): boolean {
  const condition = status === 304 ? (headers.get("if-none-match") ?? "") : "";
  if (condition.includes(`W/${tag}`)) return true;
  if (condition.includes(tag)) return false;
  return /gzip|br|deflate|zstd|compress|\*/i.test(headers.get("accept-encoding") ?? "");
}

function untransformed(headers: Headers): string {
  const directives = headers.get("cache-control") ?? "";
  if (/\bno-transform\b/i.test(directives)) return directives;
  return directives === "" ? "no-transform" : `${directives}, no-transform`;
}
