import { serve } from "srvx/node";
import { harnessOf } from "./fetch.ts";

/** Fetch handlers under srvx, which has a class of its own for requests. */
export const srvxHarness = harnessOf("fetch on srvx", {
  declined: {
    "a stream that breaks midway resets the connection of an HTTP/1.0 client":
      "srvx ends the connection, and that is the end of content in HTTP/1.0",
  },
  async listen(handler) {
    const server = serve({
      port: 0,
      hostname: "127.0.0.1",
      silent: true,
      gracefulShutdown: false,
      fetch: (request) => handler(request),
      error: () => new Response(null, { status: 500 }),
    });
    await server.ready();
    return { origin: String(server.url).replace(/\/$/, ""), close: () => server.close(true) };
  },
});
