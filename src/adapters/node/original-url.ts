import type { IncomingMessage, Server } from "node:http";
import { nextBegins } from "./socket-watch.ts";

/** The URL with which a request came; on the request itself, because each request of a server has one. */
const RECEIVED: unique symbol = Symbol("caching-route.received");

type Noted = IncomingMessage & { [RECEIVED]?: string | undefined };

const NOTED: WeakSet<Server> = new WeakSet();

/**
 * Lets the server of a request note of each later one, before anything else sees it, with which URL it came, and tell
 * those who watch its connection that it begins.
 */
export function observeRequests({ socket }: IncomingMessage): void {
  const { server } = socket as { server?: Server };
  // Where nobody listens, requests come another way.
  if (server === undefined || NOTED.has(server) || server.listenerCount("request") === 0) return;
  NOTED.add(server);
  server.prependListener("request", note);
}

/** The URL with which a request came, whatever has rewritten it since; undefined where that was not noted. */
export function originalUrl(req: IncomingMessage): string | undefined {
  return (req as Noted)[RECEIVED];
}

/** Whether somebody answers what a server is given, beside the one who notes it. */
export function hasHandler(server: Server): boolean {
  return server.listeners("request").some((listener) => listener !== note);
}

function note(req: Noted): void {
  req[RECEIVED] = req.url;
  nextBegins(req.socket);
}
