// Runs the contract in Bun, under its own server:  bun test/adapters/runtimes/bun.ts fetch|hono|h3
import type { Listen } from "../harness/fetch.ts";
import { ONE_BY_ONE, runContract } from "./run-contract.ts";

interface BunServer {
  readonly port: number;
  stop(closesConnections: boolean): Promise<void>;
}
declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    idleTimeout: number;
    fetch: (request: Request) => Response | Promise<Response>;
    error: () => Response;
  }): BunServer;
};

const CHUNKED =
  "Bun's server sends each stream in chunks, without the Content-Length that the handler has set";

const listen: Listen = (handler) => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 60,
    fetch: (request) => handler(request),
    error: () => new Response(null, { status: 500 }),
  });
  return Promise.resolve({ origin: `http://127.0.0.1:${server.port}`, close: () => server.stop(true) });
};

await runContract(listen, {
  ...ONE_BY_ONE,
  "a stream shorter than its Content-Length is not stored": CHUNKED,
  "a request that waits for a stream's head follows it": CHUNKED,
});
