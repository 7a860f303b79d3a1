import type { H3Event } from "h3";
import { splitUrl } from "../web/request.ts";
import type { WebCall } from "../web/route.ts";

/** What srvx has on its requests in Node: the object of which it makes the URL, and the request of Node. */
interface ServedRequest {
  readonly _url?: unknown;
  readonly runtime?: { readonly node?: { readonly req?: { readonly url?: unknown } } };
}

/**
 * Returns the URL of an event's request as it was received, and what is made of it in front of the lookup, by `withBase`,
 * `onRequest` or middleware. A handler may see both, so both are in the key.
 */
export function urlsOf(event: H3Event): Pick<WebCall<H3Event>, "url" | "rewritten"> {
  const { pathname, search } = event.url;
  const now = pathname + search;
  const { _url: source, runtime } = event.req as ServedRequest;
  const target = runtime?.node?.req?.url;
  // srvx makes the URL of a request from the same object, so that it changes with that of the event.
  if (source !== event.url || typeof target !== "string") {
    const [, path] = splitUrl(event.req.url);
    // A URL object has no empty query.
    return path === now || path === `${now}?` ? {} : { rewritten: now };
  }
  if (target === now) return {};
  const [origin] = splitUrl(event.url.href);
  const url = origin + pathAndQuery(target, origin);
  return url === origin + now ? {} : { url, rewritten: now };
}

/** Returns path and query of a request's target (RFC 9112 §3.2), as srvx reads them. */
function pathAndQuery(target: string, origin: string): string {
  const text = target.startsWith("/") ? origin + target : target === "*" ? `${origin}/*` : target;
  if (!URL.canParse(text)) return "/";
  const { pathname, search } = new URL(text);
  return (pathname.startsWith("/") ? pathname : `/${pathname}`) + search;
}
