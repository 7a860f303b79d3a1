// Servers whose requests are of a class of their own. Their types would bring those of browsers into every test.
import { once } from "node:events";
import { createServer } from "node:http";
import { createServerAdapter } from "@whatwg-node/server";
import { serve } from "srvx";

/** Starts srvx for a fetch handler. */
export async function srvx(fetch) {
  const server = serve({ port: 0, hostname: "127.0.0.1", silent: true, fetch });
  await server.ready();
  return { origin: server.url, close: () => server.close(true) };
}

/** Starts a Node server with the adapter of whatwg-node for a fetch handler. */
export async function whatwgNode(fetch) {
  const adapter = createServerAdapter((request) => fetch(request));
  const server = createServer(adapter).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { origin: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
