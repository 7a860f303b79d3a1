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
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function exchange(
  handler: (request: Request) => Response | Promise<Response>,
  message: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const response = await handler(toRequest(message, reply));
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
  // To a client of HTTP/1.0 an end of the connection is the end of the content: only a reset is none.
  content.once("error", () => message.socket.resetAndDestroy());
  await pipeline(content, reply);
}

function toRequest(message: IncomingMessage, reply: ServerResponse): Request {
  const { method = "GET", url = "/", rawHeaders } = message;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  const client = new AbortController();
  reply.once("close", () => {
    if (!reply.writableFinished) client.abort();
  });
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? { body: Readable.toWeb(message), duplex: "half" as const } : {};
  return new Request(`http://${message.headers.host}${url}`, {
    method,
    headers,
    signal: client.signal,
    ...body,
  });
}
