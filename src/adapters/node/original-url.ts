import type { IncomingMessage, Server } from "node:http";
import type { Engine } from "../../adapter.ts";
import { noteArrivals, noteArrivalsFor } from "./arrivals.ts";
import { processWide } from "./process-wide.ts";
import { notifyNextRequest } from "./socket-watch.ts";

/** A property of the request, because each request of a server has one. */
const ORIGINAL_URL: unique symbol = Symbol.for("caching-route.node.original-url") as never;

type Observed = IncomingMessage & { [ORIGINAL_URL]?: string | undefined };

/** The listener that observes the requests of each server. */
const OBSERVERS = processWide("node.observers", () => new WeakMap<Server, (req: IncomingMessage) => void>());

/**
 * Observes later requests of a request's server before anything else sees them: their URLs are recorded, and when they
 * arrive, for `engine` if one is given. The watchers of their connection are told that they begin.
 */
export function observeRequests({ socket }: IncomingMessage, engine?: Pick<Engine, "arrival">): void {
  const { server } = socket as { server?: Server };
  if (server === undefined) return;
  if (engine !== undefined) noteArrivalsFor(engine, server);
  // A server without listeners receives its requests in another way.
  if (OBSERVERS.has(server) || server.listenerCount("request") === 0) return;
  OBSERVERS.set(server, observe);
  server.prependListener("request", observe);
}

/** Returns the URL of a request as it was received, before anything rewrote it; undefined if it was not recorded. */
export function originalUrl(req: IncomingMessage): string | undefined {
  return (req as Observed)[ORIGINAL_URL];
}

/** Whether a server has a listener for requests besides the one that observes them. */
export function hasHandler(server: Server): boolean {
  return server.listeners("request").some((listener) => listener !== OBSERVERS.get(server));
}

function observe(req: Observed): void {
  req[ORIGINAL_URL] = req.url;
  noteArrivals(req);
  notifyNextRequest(req.socket);
}
