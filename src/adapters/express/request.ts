import type { Application, Request } from "express";
import type { Fill } from "../../adapter.ts";
import { narrowUrl } from "../node/narrow-url.ts";

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

/** Removes the query parameters that are not in the key from a request. Returns how to restore `originalUrl`. */
export function narrowQuery(req: Request, fill: Fill): () => void {
  return narrowUrl(req, fill, (query) => {
    const parse = req.app.get("query parser fn") as ((query: string) => object) | undefined;
    return parse?.(query) ?? {};
  });
}

/** The application that the others are mounted in. */
export function rootOf(app: Application): Application {
  const { parent } = app as { parent?: Application };
  return parent === undefined ? app : rootOf(parent);
}
