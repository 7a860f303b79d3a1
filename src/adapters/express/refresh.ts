import type { IncomingMessage, Server } from "node:http";
import type { Application, Request } from "express";
import type { Fill } from "../../adapter.ts";
import { replay, replayedFill } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";
import { originOf } from "./request.ts";

/** What a replayed request is for. */
interface Purpose {
  /** The cacheRoute that it is meant for: it may pass others on its way. */
  readonly owner: object;
  /** Whether a request asks for what this one is to ask for. */
  isMet(req: Request): boolean;
  /** The server that it was given to; undefined where it was given to the application itself. */
  readonly server: Server | undefined;
}

const PURPOSES: WeakMap<IncomingMessage, Purpose> = new WeakMap();
/** Servers in which something rewrites the URL before Express sees it: it would rewrite that of a refresh again. */
const REWRITING: WeakSet<Server> = new WeakSet();

/** An Express request as the core's plain record; `owner` is the middleware that asks. */
export class ExpressRequest extends NodeRequest<Request> {
  readonly #owner: object;

  constructor(req: Request, origin: string, content: unknown, owner: object) {
    super(req, origin, req.originalUrl, req, content);
    this.#owner = owner;
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
    if (purpose.server !== undefined) REWRITING.add(purpose.server);
    // It is not answered, and with that the refresh fails.
    req.res?.destroy();
    return { fill: undefined };
  }
  // Caches behind this one are asked as by any request.
  PURPOSES.delete(req);
  return { fill: replayedFill(req) };
}

/** Lets the whole server answer once more, so that whatever stands in front of the route decides anew. */
function refresh({ native, origin, target }: ExpressRequest, owner: object, fill: Fill): void {
  const isMet = (req: Request): boolean =>
    req.method === "GET" && req.originalUrl === target && originOf(req) === origin;
  replay(native, target, fill, (request, response) => {
    const { server } = request.socket as { server?: Server };
    if (server === undefined || REWRITING.has(server) || server.listenerCount("request") === 0) {
      PURPOSES.set(request, { owner, isMet, server: undefined });
      rootOf(native.app)(request as Request, response as never);
      return;
    }
    PURPOSES.set(request, { owner, isMet, server });
    server.emit("request", request, response);
    const { originalUrl = target } = request as Partial<Request>;
    // Perhaps it has not come to the route at all.
    if (originalUrl !== target) REWRITING.add(server);
  });
}

/** The application that the others are mounted in. */
function rootOf(app: Application): Application {
  const { parent } = app as { parent?: Application };
  return parent === undefined ? app : rootOf(parent);
}
