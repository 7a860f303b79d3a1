import type { Request } from "express";
import type { Fill } from "../../adapter.ts";
import { shadow } from "../node/shadow.ts";

/** Returns a request's scheme and authority, as far as Express trusts its proxies; the scheme alone without a host. */
export function requestOrigin(req: Request): string {
  const host = hostOf(req);
  return host === undefined ? req.protocol : `${req.protocol}://${host}`;
}

/** Returns a request's URL if middleware has rewritten it since Express received it; else undefined. */
export function rewrittenUrl({ url, baseUrl, originalUrl }: Request): string | undefined {
  if (baseUrl === "") return url === originalUrl ? undefined : url;
  // Express removes the mount path, and adds a slash if nothing is left of the path.
  const added = originalUrl.length - baseUrl.length - url.length;
  const isSame =
    originalUrl.startsWith(baseUrl) &&
    (added === 0
      ? originalUrl.endsWith(url)
      : added === -1 && url[0] === "/" && originalUrl.endsWith(url.slice(1)));
  return isSame ? undefined : baseUrl + url;
}

/** Like `req.host` of Express 5; that of Express 4 lacks the port. */
function hostOf(req: Request): string | undefined {
  const forwarded = req.headers["x-forwarded-host"];
  if (typeof forwarded !== "string" || forwarded === "") return req.headers.host;
  const trusts = req.app.get("trust proxy fn") as (address: string | undefined, hop: number) => boolean;
  return trusts(req.socket.remoteAddress, 0) ? forwarded.split(",", 1)[0]?.trim() : req.headers.host;
}

/**
 * Returns the content of a request as a body parser has parsed it: undefined if none has read it, empty text if there
 * is none.
 *
 * Parsers of Express 4 set `{}` for content that they did not read, and those of forms put files elsewhere. Two
 * requests that differ there must not have the same key (hazard 5).
 */
export function parsedContent(req: Request): unknown {
  const {
    "content-length": length = "0",
    "transfer-encoding": coding,
    "content-type": type = "",
  } = req.headers;
  if (coding === undefined && Number(length) === 0) return "";
  return req.readableEnded && !/^\s*multipart\//i.test(type) ? (req.body as unknown) : undefined;
}

/**
 * Removes the query parameters that are not in the key from a request, under each name that Express and its parsers
 * have for its URL (hazards 18 and 39). Returns how to restore `originalUrl`.
 */
export function narrowQuery(
  req: Request,
  {
    target = req.url,
    received = req.originalUrl,
    keepsParameter: keeps,
  }: Pick<Fill, "target" | "received" | "keepsParameter">,
): () => void {
  const at = target.indexOf("?");
  const query = at === -1 ? "" : target.slice(at + 1);
  const [path = ""] = req.url.split("?", 1);
  const url = at === -1 ? path : `${path}?${query}`;
  // Express keeps what it parsed of a URL until that is cleared.
  const cleared = Object.hasOwn(req, "_parsedOriginalUrl") ? { _parsedOriginalUrl: undefined } : {};
  const restore = shadow(req, { originalUrl: received, ...cleared });
  req.url = url;
  Reflect.deleteProperty(req, "_parsedUrl");
  // Express 5 parses `url` at each read. Express 4, or middleware, has set `query` already.
  if (!Object.hasOwn(req, "query")) return restore;
  const parse = req.app.get("query parser fn") as ((query: string) => object) | undefined;
  const parsed = new Map(Object.entries(parse?.(query) ?? {}));
  const shown = Object.entries(req.query).flatMap(([name, value]) =>
    keeps?.(name) === true ? [[name, value]] : parsed.has(name) ? [[name, parsed.get(name)]] : [],
  );
  shadow(req, { query: Object.fromEntries(shown) });
  return restore;
}
