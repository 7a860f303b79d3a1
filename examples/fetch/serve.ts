// Serves a fetch handler with node:http. Bun, Deno, workers and many frameworks do this themselves.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Listens on 127.0.0.1; answers the server and its address. */
export async function serve(
  handler: (request: Request) => Response | Promise<Response>,
  port: number,
  onError: (error: unknown) => void = console.error,
): Promise<{ server: Server; address: string }> {
  const server = createServer((message, reply) => {
    exchange(handler, message, reply).catch((error: unknown) => {
      // Whoever went away needs no answer, and a response that broke midway must not look whole.
      if (!reply.destroyed) onError(error);
      if (reply.headersSent) reply.destroy();
      else reply.writeHead(500).end();
    });
  });
  // A client may send any number of requests ahead, and each of them listens to the connection.
  server.on("connection", (socket) => socket.setMaxListeners(0));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function exchange(
  handler: (request: Request) => Response | Promise<Response>,
  message: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const controller = clientOf(message, reply);
  const client = controller.signal;
  const response = await handler(toRequest(message, controller));
  // The client left meanwhile. A pipeline that begins with an aborted signal ends the process on Node 24 and 26.
  if (client.aborted) return response.body?.cancel(client.reason);
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  reply.writeHead(response.status, headers);
  if (response.body === null || message.method === "HEAD") {
    await response.body?.cancel();
    reply.end();
    return;
  }
  const content = Readable.fromWeb(response.body);
  // To a client of HTTP/1.0 an end of the connection is the end of the content: only a reset is none. Elsewhere a reset
  // would take away what a client has still to read of the response before this one.
  const isCounted = reply.chunkedEncoding || response.headers.has("content-length");
  if (!isCounted) content.once("error", () => message.socket.resetAndDestroy());
  await pipeline(content, reply, { signal: client });
}

/** Answers what is aborted where the client goes away before it has its response. */
function clientOf({ socket }: IncomingMessage, reply: ServerResponse): AbortController {
  const client = new AbortController();
  const onClose = (): void => {
    socket.off("close", onClose);
    if (!reply.writableFinished) client.abort();
  };
  reply.once("close", onClose);
  // Node 20 and 22 tell a response whose turn has not come yet, behind another one, nothing of the connection's end.
  socket.once("close", onClose);
  return client;
}

/**
 * The request of each client that is still there. In Node a request follows the signal that it is given by a weak reference
 * to itself: a handler that keeps nothing but `request.signal` would never be told that its client has gone. Kept by the
 * signal, it would never be collected: Node keeps that for as long as the request.
 */
const requestsOf = new WeakMap<AbortController, Request>();

function toRequest(message: IncomingMessage, client: AbortController): Request {
  const { method = "GET", url = "/", rawHeaders } = message;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? { body: Readable.toWeb(message), duplex: "half" as const } : {};
  const request = new Request(`http://${message.headers.host}${url}`, {
    method,
    headers,
    signal: client.signal,
    ...body,
  });
  requestsOf.set(client, request);
  return request;
}
