import type { ServerResponse } from "node:http";
import { contentDigest } from "../../adapter.ts";
import type { Reply } from "../../adapter.ts";

/** Has the shape of an entity tag that the cache makes. */
const MADE_TAG = /^"([\w-]{22})"$/;

/**
 * Keeps what a reply says of its bytes from being said of others, where middleware codes content as its head is written.
 * To be called once the reply's fields are on the response.
 *
 * A strong entity tag names bytes (RFC 9110 §8.8.1), and a part of plain ones is no part of coded ones: a client that
 * resumes one form by the other would join the two. So a tag that the cache made goes out weak with a coding, and parts
 * forbid one (RFC 9110 §7.7). Tags of the handler are its own: perhaps it is asked by them, in `If-Match`.
 */
export function guardCoding(res: ServerResponse, { status, body }: Reply): void {
  // What is coded already, compression leaves as it is.
  if (res.hasHeader("content-encoding")) return;
  if (status === 206) return forbidCoding(res);
  const tag = res.getHeader("etag");
  const digest = typeof tag === "string" ? MADE_TAG.exec(tag)?.[1] : undefined;
  if (digest === undefined) return;
  const weak = `W/"${digest}"`;
  // A client would take the strong one over for the coded content that it has (RFC 9111 §4.3.4).
  if (status === 304 && conditionOf(res).includes(weak)) res.setHeader("etag", weak);
  else if (body !== undefined)
    onceCoded(res, () => contentDigest(body) === digest && res.setHeader("etag", weak));
}

function forbidCoding(res: ServerResponse): void {
  const directives = [res.getHeader("cache-control") ?? []].flat().join(", ");
  if (/\bno-transform\b/i.test(directives)) return;
  res.setHeader("cache-control", directives === "" ? "no-transform" : `${directives}, no-transform`);
}

/** The condition that the client sent: the handler of a miss does not see it. */
function conditionOf({ req }: ServerResponse): string {
  return req.headersDistinct["if-none-match"]?.join(", ") ?? "";
}

/** Calls `tell` when a content coding is said. */
function onceCoded(res: ServerResponse, tell: () => void): void {
  const own = Object.getOwnPropertyDescriptor(res, "setHeader");
  const { setHeader } = res;
  const told: typeof setHeader = (name, value) => {
    if (/^content-encoding$/i.test(name) && value !== "identity") {
      if (own === undefined) Reflect.deleteProperty(res, "setHeader");
      else Object.defineProperty(res, "setHeader", own);
      tell();
    }
    return Reflect.apply(setHeader, res, [name, value]);
  };
  res.setHeader = told;
}
