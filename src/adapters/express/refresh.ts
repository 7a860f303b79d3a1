import type { IncomingMessage, Server } from "node:http";
import type { Application, Request } from "express";
import type { Fill } from "../../adapter.ts";
import { replay, replayedFill } from "../node/replay.ts";
import { NodeRequest } from "../node/request.ts";

/** Which cacheRoute a replayed request is meant for: it may pass others on its way. */
const OWNERS: WeakMap<IncomingMessage, object> = new WeakMap();

/** An Express request as the core's plain record; `owner` is the middleware that asks. */
export class ExpressRequest extends NodeRequest<Request> {
  readonly #owner: object;

  constructor(req: Request, origin: string, content: unknown, owner: object) {
    super(req, origin, req.originalUrl, req, content);
    this.#owner = owner;
  }

  /** Undefined for methods with content, which cannot be replayed. */
  get refresh(): ((fill: Fill) => void) | undefined {
    const { method, native } = this;
    if (method !== "GET" && method !== "HEAD") return undefined;
    return (fill) => refresh(native, this.#owner, fill);
  }
}

/** What a replayed request brings to a middleware: a fill if it is meant for it, else nothing but to let it pass. */
export function replayed(req: Request, owner: object): { readonly fill: Fill | undefined } | undefined {
  const meantFor = OWNERS.get(req);
  if (meantFor === undefined) return undefined;
  if (meantFor !== owner) return { fill: undefined };
  // Caches behind this one are asked as by any request.
  OWNERS.delete(req);
  return { fill: replayedFill(req) };
}

/** Lets the whole server answer once more, so that whatever stands in front of the route decides anew. */
function refresh(req: Request, owner: object, fill: Fill): void {
  replay(req, req.originalUrl, fill, (request, response) => {
    OWNERS.set(request, owner);
    const { server } = request.socket as { server?: Server };
    if (server?.emit("request", request, response) === true) return;
    rootOf(req.app)(request as Request, response as never);
  });
}

/** The application that the others are mounted in. */
function rootOf(app: Application): Application {
  const { parent } = app as { parent?: Application };
  return parent === undefined ? app : rootOf(parent);
}
