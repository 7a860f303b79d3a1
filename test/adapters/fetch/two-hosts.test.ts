import { once } from "node:events";
import { connect } from "node:net";
import { IttyRouter } from "itty-router";
import type { RequestHandler } from "itty-router";
import { expect, it, onTestFinished } from "vitest";
import { listen as listenByExample } from "../harness/fetch.ts";
import { srvx } from "../packages/servers.mjs";
import { cacheRoute as cacheByStranger } from "../strangers/itty.ts";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { createCache } from "../../../src/index.ts";

const hostOf = (request: Request): Response => new Response(request.headers.get("host"));

/** An adapter on `caching-route/adapter/web` that knows nothing of hosts. */
function ofStranger(): (request: Request) => Promise<Response> {
  const router = IttyRouter();
  cacheByStranger(router, "GET", "/", { cache: createCache(), ttl: 60 }, hostOf as RequestHandler);
  return async (request) => router.fetch(request) as Promise<Response>;
}

const byFetch = (): ((request: Request) => Response | Promise<Response>) =>
  cacheRoute(createCache(), { ttl: 60 }, async (request: Request) => hostOf(request));

it.each([
  ["a fetch handler", "srvx", byFetch, srvx],
  ["a stranger's adapter", "srvx", ofStranger, srvx],
  ["a fetch handler", "the server of the examples", byFetch, listenByExample],
] as const)(
  "a request that names two hosts, to %s on %s, never decides what those get that name one of them",
  async (_name, _server, make, listen) => {
    const { origin, close } = await listen(make());
    onTestFinished(async () => void (await close()));
    const hosts: unknown[] = [];
    for (const head of [
      "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
      "GET / HTTP/1.1\r\nHost: shop.test",
      "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
      "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test",
    ]) {
      const socket = connect(Number(new URL(origin).port), "127.0.0.1");
      socket.write(`${head}\r\nConnection: close\r\n\r\n`);
      let text = "";
      socket.on("data", (part: Buffer) => (text += part.toString()));
      await once(socket, "close");
      hosts.push(text.split("\r\n\r\n")[1]);
    }

    expect([hosts[1], hosts[3]]).toEqual(["shop.test", "shop.test"]);
  },
);
