import type { IncomingMessage, Server } from "node:http";
import type { Application, Request } from "express";
import type { Fill } from "../../adapter.ts";
import { mayChangeContent } from "../node/method-override.ts";
import { hasHandler, originalUrl } from "../node/original-url.ts";
import { replay, replayedFill } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";
import { requestOrigin, rewrittenUrl } from "./request.ts";

/** What a replayed request is for. */
interface Purpose {
  /** The cacheRoute that it is meant for: it may pass others on its way. */
  readonly owner: object;
  /** Whether a request asks for what this one is to ask for. */
  isMet(req: Request): boolean;
  /** It has come with another URL, or not at all. */
  miss(): void;
}

const PURPOSES: WeakMap<IncomingMessage, Purpose> = new WeakMap();
/** Servers that make different URLs of the same one: what a refresh asks for there, only the application itself can tell. */
const REWRITING: WeakSet<Server> = new WeakSet();

/** An Express request as the core's plain record; `owner` is the middleware that asks. */
export class ExpressRequest extends NodeRequest<Request> {
  readonly #owner: object;

  constructor(req: Request, origin: string, content: unknown, owner: object) {
    super(req, origin, req.originalUrl, rewrittenUrl(req), req, content);
    this.#owner = owner;
  }

  override header(name: string): string | undefined {
    // No part can be cut out of what middleware in front may still change.
    if (name === "range" && this.native.res !== undefined && mayChangeContent(this.native.res))
      return undefined;
    return super.header(name);
  }

  /** Undefined for methods with content, which cannot be replayed. */
  get refresh(): ((fill: Fill) => void) | undefined {
    const { method } = this;
    if (method !== "GET" && method !== "HEAD") return undefined;
    return (fill) => refresh(this, this.#owner, fill);
  }
}

/** What a replayed request brings to a middleware: a fill if it is meant for it, else nothing but to let it pass. */
export function replayed(req: Request, owner: object): { readonly fill: Fill | undefined } | undefined {
  const purpose = PURPOSES.get(req);
  if (purpose === undefined) return undefined;
  if (purpose.owner !== owner) return { fill: undefined };
  if (!purpose.isMet(req)) {
    purpose.miss();
    // It is not answered, and with that the refresh fails.
    req.res?.destroy();
    return { fill: undefined };
  }
  // Caches behind this one are asked as by any request.
  PURPOSES.delete(req);
  return { fill: replayedFill(req) };
}

/**
 * Lets the whole server answer once more, so that whatever stands in front of the route decides anew.
 *
 * It is given the URL that the client sent, because what rewrote that URL in front of Express does so again.
 */
function refresh({ native, origin, target, rewritten }: ExpressRequest, owner: object, fill: Fill): void {
  const isMet = (req: Request): boolean =>
    req.method === "GET" &&
    req.originalUrl === target &&
    rewrittenUrl(req) === rewritten &&
    requestOrigin(req) === origin;
  const received = originalUrl(native);
  replay(native, received ?? target, fill, (request, response) => {
    const { server } = request.socket as { server?: Server };
    if (server === undefined || REWRITING.has(server) || !hasHandler(server)) {
      PURPOSES.set(request, { owner, isMet, miss: () => undefined });
      request.url = target;
      rootOf(native.app)(request as Request, response as never);
      return;
    }
    // Where the URL was not noted, the next refresh may know it.
    const miss = (): void => void (received !== undefined && REWRITING.add(server));
    PURPOSES.set(request, { owner, isMet, miss });
    server.emit("request", request, response);
    const { originalUrl = target } = request as Partial<Request>;
    // Perhaps it has not come to the route at all.
    if (originalUrl !== target) miss();
  });
}

/** The application that the others are mounted in. */
function rootOf(app: Application): Application {
  const { parent } = app as { parent?: Application };
  return parent === undefined ? app : rootOf(parent);
}
