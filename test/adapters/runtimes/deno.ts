// Runs the contract in Deno, under its own server:  deno run -A test/adapters/runtimes/deno.ts fetch|hono|h3
import type { Listen } from "../harness/fetch.ts";
import { ONE_BY_ONE, runContract } from "./run-contract.ts";

interface DenoServer {
  readonly addr: { readonly port: number };
  shutdown(): Promise<void>;
}
declare const Deno: {
  serve(
    options: {
      port: number;
      hostname: string;
      signal: AbortSignal;
      onListen: () => void;
      onError: () => Response;
    },
    handler: (request: Request) => Response | Promise<Response>,
  ): DenoServer & { readonly finished: Promise<void> };
};

const listen: Listen = (handler) => {
  const stop = new AbortController();
  const server = Deno.serve(
    {
      port: 0,
      hostname: "127.0.0.1",
      signal: stop.signal,
      onListen: () => undefined,
      onError: () => new Response(null, { status: 500 }),
    },
    (request) => handler(request),
  );
  return Promise.resolve({
    origin: `http://127.0.0.1:${server.addr.port}`,
    async close() {
      stop.abort();
      await server.finished;
    },
  });
};

await runContract(listen, {
  ...ONE_BY_ONE,
  "the process and the follower survive a leader whose client ends the connection within its next request":
    "Deno's server closes such a connection after the response before, and the check has that wait for the closing",
  "a stream shorter than its Content-Length is not stored":
    "Deno's server sends less than the Content-Length says, and ends the response cleanly",
  "a stream that breaks midway resets the connection of an HTTP/1.0 client":
    "Deno's server ends the connection, and that is the end of content in HTTP/1.0",
});
