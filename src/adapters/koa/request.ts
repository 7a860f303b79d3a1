import type { Context } from "koa";
import type { Fill } from "../../adapter.ts";
import { parsedContent } from "../node/parsed-content.ts";
import { overridePath } from "../node/raw-headers.ts";
import { overrideHeaders } from "../node/request.ts";
import { hostOf } from "../node/route.ts";
import type { NodeCall } from "../node/route.ts";
import { shadow } from "../node/shadow.ts";

/**
 * Returns a request's scheme and authority, as far as Koa trusts its proxies; the scheme alone without a host.
 *
 * Koa takes user information and all but the first of a list away from the host. A handler may read that as it was sent, and
 * its page must not be sent to those who ask the host that is left.
 */
function requestOrigin(ctx: Context): string {
  const { app, protocol, req } = ctx;
  const isForwarded = app.proxy && ctx.get("x-forwarded-host") !== "";
  const host = isForwarded ? ctx.host : hostOf(req);
  return host === undefined ? protocol : `${protocol}://${host}`;
}

/** Returns a request's URL if middleware has rewritten it since Koa received it; else undefined. */
function rewrittenUrl(ctx: Context): string | undefined {
  const { url, originalUrl } = ctx;
  return url === originalUrl || mountOf(ctx) !== undefined ? undefined : url;
}

/** Returns the prefix that `koa-mount` has removed from a request's URL; undefined if it is not all that was changed. */
export function mountOf(ctx: Context): string | undefined {
  const { url, originalUrl } = ctx;
  const mountPath = ctx["mountPath"] as unknown;
  if (typeof mountPath !== "string") return undefined;
  const prefix = mountPath.replace(/\/$/, "");
  // Where nothing is left of the path, a slash is.
  const isSame = prefix + url === originalUrl || (url[0] === "/" && prefix + url.slice(1) === originalUrl);
  return isSame ? prefix : undefined;
}

/** Returns what a shared lookup has to know of a request. `owner` is the middleware that looks it up. */
export function callOf(ctx: Context, owner: object): NodeCall<Context> {
  const { app, originalUrl, req, res } = ctx;
  return {
    req,
    res,
    native: ctx,
    owner,
    origin: requestOrigin(ctx),
    target: originalUrl,
    rewritten: rewrittenUrl(ctx),
    content: () => parsedContent(req, (ctx.request as { readonly body?: unknown }).body),
    dispatch: (request, response) => app.callback()(request, response),
  };
}

/**
 * Shows the handler the request that is in the key: without the query parameters and fields that are not, under each name
 * that Koa has for them (hazards 18 and 39). Returns how to show all of it again.
 */
export function narrowRequest(ctx: Context, fill: Fill): () => void {
  const restoreHeaders = overrideHeaders(ctx.req, fill);
  const restoreQuery = fill.target === undefined ? undefined : narrowQuery(ctx, fill.target, fill.received);
  return () => {
    restoreHeaders();
    restoreQuery?.();
  };
}

function narrowQuery(ctx: Context, target: string, received = target): () => void {
  const { req, request } = ctx;
  const [path, query] = split(req.url);
  const [, narrowed] = split(target);
  req.url = path + narrowed;
  if (req.httpVersionMajor > 1) overridePath(req, path + narrowed);
  const restores = [ctx, request].map((holder) => shadow(holder, { originalUrl: received }));
  forgetUrl(ctx);
  return () => {
    // Something may have changed the path since, as `koa-mount` does on the way back.
    const [current, left] = split(req.url);
    if (left === narrowed) req.url = current + query;
    for (const restore of restores) restore();
    forgetUrl(ctx);
  };
}

/** Splits a URL into its path, and its query with the question mark. */
function split(url = ""): readonly [path: string, query: string] {
  const at = url.indexOf("?");
  return at === -1 ? [url, ""] : [url.slice(0, at), url.slice(at)];
}

/** Koa and its parser keep what they parsed of a URL until that is removed. */
function forgetUrl({ req, request }: Context): void {
  for (const name of ["_parsedUrl", "_parsedOriginalUrl"]) Reflect.deleteProperty(req, name);
  for (const name of ["_querycache", "memoizedURL"]) Reflect.deleteProperty(request, name);
}
