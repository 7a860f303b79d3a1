import type { Request } from "express";
import type { Fill } from "../../adapter.ts";
import { shadow } from "../node/shadow.ts";

/** The scheme and authority that a request was meant for, as far as Express trusts its proxies; the scheme alone
 * where it names no authority. */
export function requestOrigin(req: Request): string {
  const host = hostOf(req);
  return host === undefined ? req.protocol : `${req.protocol}://${host}`;
}

/** The URL that middleware has made of the one that Express was given; undefined where it is still the same. */
export function rewrittenUrl({ url, baseUrl, originalUrl }: Request): string | undefined {
  if (baseUrl === "") return url === originalUrl ? undefined : url;
  // Of what is below its mount path, Express makes a path of its own.
  const added = originalUrl.length - baseUrl.length - url.length;
  const isSame =
    originalUrl.startsWith(baseUrl) &&
    (added === 0
      ? originalUrl.endsWith(url)
      : added === -1 && url[0] === "/" && originalUrl.endsWith(url.slice(1)));
  return isSame ? undefined : baseUrl + url;
}

/** Express 5 has this as `req.host`; that of Express 4 lacks the port. */
function hostOf(req: Request): string | undefined {
  const forwarded = req.headers["x-forwarded-host"];
  if (typeof forwarded !== "string" || forwarded === "") return req.headers.host;
  const trusts = req.app.get("trust proxy fn") as (address: string | undefined, hop: number) => boolean;
  return trusts(req.socket.remoteAddress, 0) ? forwarded.split(",", 1)[0]?.trim() : req.headers.host;
}

/**
 * The content of a request as a body parser left it; undefined where none has read it, empty text where there is none.
 *
 * Parsers of Express 4 leave `{}` behind what they did not read, and those of forms put only a part in `req.body`: the
 * files are elsewhere. Two requests that differ there must not have one key (hazard 5).
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
 * Shows the handlers that follow a URL without the parameters that are not in the key, by each name that Express and its
 * parsers have for it (hazards 18 and 39). Answers what puts `originalUrl` back.
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
  // What was parsed of a URL is parsed anew of another one.
  const anew = Object.hasOwn(req, "_parsedOriginalUrl") ? { _parsedOriginalUrl: undefined } : {};
  const putBack = shadow(req, { originalUrl: received, ...anew });
  req.url = url;
  Reflect.deleteProperty(req, "_parsedUrl");
  // That of Express 5 is read from `url` each time; that of Express 4, or of a middleware, was read already.
  if (!Object.hasOwn(req, "query")) return putBack;
  const parse = req.app.get("query parser fn") as ((query: string) => object) | undefined;
  const parsed = new Map(Object.entries(parse?.(query) ?? {}));
  const shown = Object.entries(req.query).flatMap(([name, value]) =>
    keeps?.(name) === true ? [[name, value]] : parsed.has(name) ? [[name, parsed.get(name)]] : [],
  );
  shadow(req, { query: Object.fromEntries(shown) });
  return putBack;
}
