import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Starts an origin that takes a second over each answer, good for a minute; answers its address. */
export async function startOrigin(): Promise<string> {
  const server = createServer((request, response) => {
    setTimeout(() => {
      response.writeHead(200, { "cache-control": "max-age=60", "content-type": "application/json" });
      response.end(JSON.stringify({ url: request.url, madeAt: new Date().toISOString() }));
    }, 1000);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
