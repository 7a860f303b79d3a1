import type { IncomingMessage, Server } from "node:http";
import type { Application, Request } from "express";
import type { Fill } from "../../adapter.ts";
import { mayChangeContent } from "../node/method-override.ts";
import { hasHandler, originalUrl } from "../node/original-url.ts";
import { processWide } from "../node/process-wide.ts";
import { replay, replayedFill } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";
import { requestOrigin, rewrittenUrl } from "./request.ts";

/** The purpose of a replayed request. */
interface Purpose {
  /** Who looks it up; it may pass others before. */
  readonly owner: object;
  /** Whether the request has the URL that it is to have. */
  matches(req: Request): boolean;
  /** It has another URL, or did not reach the route. */
  miss(): void;
}

const PURPOSES = processWide("express.purposes.1", () => new WeakMap<IncomingMessage, Purpose>());
/** Servers that rewrite the same URL in different ways: a refresh has to go to the application itself. */
const REWRITING = processWide("express.rewriting", () => new WeakSet<Server>());

/** An Express request as the core's plain record; `owner` is who looks it up. */
export class ExpressRequest<Native> extends NodeRequest<Native> {
  readonly req: Request;
  readonly #owner: object;

  constructor(
    req: Request,
    native: Native,
    origin: string,
    content: unknown,
    owner: object,
    arrivedAt?: number,
  ) {
    super(req, origin, req.originalUrl, rewrittenUrl(req), native, content, arrivedAt, req.params);
    this.req = req;
    this.#owner = owner;
  }

  override header(name: string): string | undefined {
    // A range cannot be cut out of content that middleware may still change.
    if (name === "range" && this.req.res !== undefined && mayChangeContent(this.req.res)) return undefined;
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
 * Returns the fill of a replayed request that is for this owner, or no fill if it is for another. Undefined for
 * the request of a client.
 */
export function replayed(req: Request, owner: object): { readonly fill: Fill | undefined } | undefined {
  const purpose = PURPOSES.get(req);
  if (purpose === undefined) return undefined;
  if (purpose.owner !== owner) return { fill: undefined };
  if (!purpose.matches(req)) {
    purpose.miss();
    // Without a response the refresh fails.
    req.res?.destroy();
    return { fill: undefined };
  }
  // Caches after this one treat it as any request.
  PURPOSES.delete(req);
  return { fill: replayedFill(req) };
}

/**
 * Passes the request through the whole server again, so that everything before the route decides again.
 *
 * It has the URL that the client sent, because code before Express that rewrote the URL does so again.
 */
function refresh(
  { req: original, origin, target, rewritten }: ExpressRequest<unknown>,
  owner: object,
  fill: Fill,
): void {
  const matches = (req: Request): boolean =>
    req.method === "GET" &&
    req.originalUrl === target &&
    rewrittenUrl(req) === rewritten &&
    requestOrigin(req) === origin;
  const received = originalUrl(original);
  replay(original, received ?? target, fill, (request, response) => {
    const { server } = request.socket as { server?: Server };
    if (server === undefined || REWRITING.has(server) || !hasHandler(server)) {
      PURPOSES.set(request, { owner, matches, miss: () => undefined });
      request.url = target;
      rootOf(original.app)(request as Request, response as never);
      return;
    }
    // If the original URL is unknown, the next refresh may know it.
    const miss = (): void => void (received !== undefined && REWRITING.add(server));
    PURPOSES.set(request, { owner, matches, miss });
    server.emit("request", request, response);
    const { originalUrl = target } = request as Partial<Request>;
    // It may not have reached the route at all.
    if (originalUrl !== target) miss();
  });
}

/** The application that the others are mounted in. */
function rootOf(app: Application): Application {
  const { parent } = app as { parent?: Application };
  return parent === undefined ? app : rootOf(parent);
}
