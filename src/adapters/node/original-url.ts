import type { IncomingMessage, Server } from "node:http";
import { notifyNextRequest } from "./socket-watch.ts";

/** A property of the request, because each request of a server has one. */
const ORIGINAL_URL: unique symbol = Symbol("caching-route.original-url");

type Observed = IncomingMessage & { [ORIGINAL_URL]?: string | undefined };

const OBSERVED: WeakSet<Server> = new WeakSet();

/**
 * Observes later requests of a request's server before anything else sees them: their URLs are recorded, and the
 * watchers of their connection are told that they begin.
 */
export function observeRequests({ socket }: IncomingMessage): void {
  const { server } = socket as { server?: Server };
  // A server without listeners receives its requests in another way.
  if (server === undefined || OBSERVED.has(server) || server.listenerCount("request") === 0) return;
  OBSERVED.add(server);
  server.prependListener("request", observe);
}

/** Returns the URL of a request as it was received, before anything rewrote it; undefined if it was not recorded. */
export function originalUrl(req: IncomingMessage): string | undefined {
  return (req as Observed)[ORIGINAL_URL];
}

/** Whether a server has a listener for requests besides the one that observes them. */
export function hasHandler(server: Server): boolean {
  return server.listeners("request").some((listener) => listener !== observe);
}

function observe(req: Observed): void {
  req[ORIGINAL_URL] = req.url;
  notifyNextRequest(req.socket);
}
