import type { IncomingMessage, Server } from "node:http";
import type { Context } from "koa";
import type { Fill } from "../../adapter.ts";
import { mayChangeContent } from "../node/method-override.ts";
import { hasHandler, originalUrl } from "../node/original-url.ts";
import { processWide } from "../node/process-wide.ts";
import { replay, replayedFill } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";
import { parsedContent, requestOrigin, rewrittenUrl } from "./request.ts";

/** The purpose of a replayed request. */
interface Purpose {
  /** The `cacheRoute` that it is for; it may pass others before. */
  readonly owner: object;
  /** Whether the request has the URL that it is to have. */
  matches(ctx: Context): boolean;
  /** It has another URL. */
  miss(): void;
}

const PURPOSES = processWide("koa.purposes.1", () => new WeakMap<IncomingMessage, Purpose>());
/** Servers that rewrite the same URL in different ways: a refresh has to go to the application itself. */
const REWRITING = processWide("koa.rewriting", () => new WeakSet<Server>());

/** A Koa request as the core's plain record; `owner` is the middleware that looks it up. */
export class KoaRequest extends NodeRequest<Context> {
  readonly #owner: object;

  constructor(ctx: Context, owner: object, arrivedAt?: number) {
    const { req, originalUrl } = ctx;
    super(req, requestOrigin(ctx), originalUrl, rewrittenUrl(ctx), ctx, parsedContent(ctx), arrivedAt);
    this.#owner = owner;
  }

  override header(name: string): string | undefined {
    const { req, res } = this.native;
    // A range cannot be cut out of content that middleware may still change. All methods of HTTP/2 are other than these.
    if (name === "range" && req.httpVersionMajor === 1 && mayChangeContent(res)) return undefined;
    return super.header(name);
  }

  /** Undefined for methods with content: only GET and HEAD can be replayed. */
  get refresh(): ((fill: Fill) => void) | undefined {
    const { method } = this;
    if (method !== "GET" && method !== "HEAD") return undefined;
    return (fill) => refresh(this, this.#owner, fill);
  }
}

/**
 * Returns the fill of a replayed request that is for this middleware, or no fill if it is for another. Undefined for
 * the request of a client.
 */
export function replayed(ctx: Context, owner: object): { readonly fill: Fill | undefined } | undefined {
  const purpose = PURPOSES.get(ctx.req);
  if (purpose === undefined) return undefined;
  if (purpose.owner !== owner) return { fill: undefined };
  if (!purpose.matches(ctx)) {
    purpose.miss();
    // Without a response the refresh fails.
    ctx.res.destroy();
    return { fill: undefined };
  }
  // Caches after this one treat it as any request.
  PURPOSES.delete(ctx.req);
  return { fill: replayedFill(ctx.req) };
}

/**
 * Passes the request through the whole server again, so that everything before the route decides again.
 *
 * It has the URL that the client sent, because code before Koa that rewrote the URL does so again.
 */
function refresh({ native, origin, target, rewritten }: KoaRequest, owner: object, fill: Fill): void {
  const matches = (ctx: Context): boolean =>
    ctx.method === "GET" &&
    ctx.originalUrl === target &&
    rewrittenUrl(ctx) === rewritten &&
    requestOrigin(ctx) === origin;
  const original = originalUrl(native.req);
  const { app } = native;
  replay(native.req, original ?? target, fill, (request, response) => {
    const { server } = request.socket as { server?: Server };
    if (server === undefined || REWRITING.has(server) || !hasHandler(server)) {
      PURPOSES.set(request, { owner, matches, miss: () => undefined });
      request.url = target;
      return app.callback()(request, response);
    }
    // If the original URL is unknown, the next refresh may know it.
    const miss = (): void => void (original !== undefined && REWRITING.add(server));
    PURPOSES.set(request, { owner, matches, miss });
    return server.emit("request", request, response);
  });
}
