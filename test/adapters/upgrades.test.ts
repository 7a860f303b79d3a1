import { once } from "node:events";
import { ServerResponse, createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import { defineWebSocketHandler, H3 } from "h3";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as expressRoute } from "../../src/adapters/express.ts";
import { cacheRoute as fastifyRoute } from "../../src/adapters/fastify.ts";
import { cacheRoute as fetchRoute } from "../../src/adapters/fetch.ts";
import { cacheMiddleware } from "../../src/adapters/h3.ts";
import { cacheRoute as honoRoute } from "../../src/adapters/hono.ts";
import { createCache } from "../../src/index.ts";
import type { Cache } from "../../src/index.ts";
import { fetchSite, quietCache, signal } from "./harness/fetch-site.ts";
import type { Signal } from "./harness/fetch-site.ts";

interface Site {
  readonly cache: Cache;
  readonly port: number;
  readonly page: Signal;
}

type Route = (request: IncomingMessage, response: ServerResponse) => void;

/** As a WebSocket plugin does: what the server treats as an upgrade goes to the routes, on its bare connection. */
function upgrading(server: Server, route: Route): void {
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as never);
    route(request, response);
  });
}

function switchProtocols({ socket }: IncomingMessage): void {
  socket.end("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello");
}

async function fastify(takesUpgrades: boolean): Promise<Site> {
  const [cache, page] = [quietCache(), signal()];
  const app = Fastify({ forceCloseConnections: true });
  await app.register(fastifyRoute, { cache });
  app.get("/live", { cache: { ttl: 60 } }, async (request, reply) => {
    if (Reflect.get(request.raw, "upgrade") === true) {
      reply.hijack();
      return switchProtocols(request.raw);
    }
    await page.given;
    return reply.send("a page");
  });
  if (takesUpgrades) upgrading(app.server, (request, response) => app.routing(request, response));
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return { cache, page, port: (app.server.address() as AddressInfo).port };
}

function onExpress(make: typeof express): (takesUpgrades: boolean) => Promise<Site> {
  return async (takesUpgrades) => {
    const [cache, page] = [quietCache(), signal()];
    const app = make();
    app.get("/live", expressRoute(cache, { ttl: 60 }), async (req, res) => {
      if ((req as { upgrade?: boolean }).upgrade === true) return switchProtocols(req);
      await page.given;
      res.send("a page");
    });
    const server = createServer(app).listen(0, "127.0.0.1");
    if (takesUpgrades) upgrading(server, app as Route);
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return { cache, page, port: (server.address() as AddressInfo).port };
  };
}

/** All that comes of one request until the connection is closed. */
function ask(port: number, upgrade?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").on("error", reject).setEncoding("latin1");
    let came = "";
    socket.on("data", (text: string) => {
      came += text;
      // A server may leave the connection open after a request for another protocol.
      if (came.endsWith("a page")) socket.end();
    });
    socket.once("close", () => resolve(came));
    const asks = upgrade === undefined ? "" : `connection: Upgrade\r\nupgrade: ${upgrade}\r\n`;
    socket.write(`GET /live HTTP/1.1\r\nhost: a\r\n${asks}\r\n`);
  });
}

const sites = [
  ["fastify", fastify],
  ["express 5", onExpress(express)],
  ["express 4", onExpress(express4)],
] as const;

describe.each(sites)("%s: a request that the server treats as an upgrade", (_name, start) => {
  it("reaches its route while the page is stored", async () => {
    const { page, port, cache } = await start(true);
    page.give();
    expect(await ask(port)).toContain("a page");
    expect(await ask(port, "websocket")).toMatch(/^HTTP\/1\.1 101 .*hello$/s);
    expect(await ask(port)).toMatch(/x-cache: hit/i);
    expect(cache.stats().refusals).toEqual({ upgrade: 1 });
  });

  it("reaches its route while the page is under way", async () => {
    const { page, port } = await start(true);
    const asked = ask(port);
    const upgraded = await Promise.all([ask(port, "websocket"), ask(port, "websocket")]);
    page.give();
    expect(upgraded.every((answer) => answer.endsWith("hello"))).toBe(true);
    expect(await asked).toContain("a page");
  });

  it("is none on a server without upgrades, which serves the stored page", async () => {
    const { page, port } = await start(false);
    page.give();
    expect(await ask(port)).toContain("a page");
    expect(await ask(port, "h2c")).toMatch(/x-cache: hit/i);
  });
});

describe("fetch: a request for a WebSocket", () => {
  const upgrade = (value: string): Request => new Request("http://a/live", { headers: { upgrade: value } });

  it("reaches the handler unchanged while the page is stored; an offer of h2c is served from the cache", async () => {
    const seen: Request[] = [];
    const handler = fetchRoute(createCache({ reporter: false }), { ttl: 60 }, (request) => {
      seen.push(request);
      return new Response("a page");
    });
    await handler(new Request("http://a/live"));
    const asks = [upgrade("websocket"), upgrade("WebSocket, h2c")];
    for (const asked of asks) await handler(asked);
    const offered = await handler(upgrade("h2c"));
    expect(seen.slice(1)).toEqual(asks);
    expect(seen[1]).toBe(asks[0]);
    expect(offered.headers.get("x-cache")).toBe("HIT");
  });

  it("reaches the handler while the page is under way", async () => {
    const page = signal();
    const { client } = await fetchSite(
      async (request) => {
        if (request.headers.has("upgrade")) return new Response("upgraded");
        await page.given;
        return new Response("a page");
      },
      { ttl: 60 },
    );
    const asked = client.ask({ path: "/live" });
    const upgraded = await client.ask({ path: "/live", headers: { upgrade: "websocket" } });
    page.give();
    expect([upgraded.text, (await asked).text]).toEqual(["upgraded", "a page"]);
  });
});

const upgraded = (): Response => new Response("upgraded", { status: 426 });

describe.each<[string, () => { request(path: string, init?: RequestInit): Response | Promise<Response> }]>([
  [
    "Hono",
    () =>
      new Hono().get("/live", honoRoute(quietCache(), { ttl: 60 }), (c) =>
        c.req.header("upgrade") === "websocket" ? upgraded() : c.text("a page"),
      ),
  ],
  [
    "h3",
    () =>
      new H3()
        .use(cacheMiddleware(quietCache(), { ttl: 60 }))
        .get("/live", (event) => (event.req.headers.get("upgrade") === "websocket" ? upgraded() : "a page")),
  ],
])("%s: a request for a WebSocket", (_name, appOf) => {
  it("reaches the handler while the page is stored; an offer of h2c is served from the cache", async () => {
    const app = appOf();
    const asked = async (upgrade?: string): Promise<readonly [string | null, string]> => {
      const response = await app.request("/live", { headers: upgrade === undefined ? {} : { upgrade } });
      return [response.headers.get("x-cache"), await response.text()];
    };

    expect([await asked(), await asked("websocket"), await asked("h2c"), await asked()]).toEqual([
      ["MISS", "a page"],
      ["MISS", "upgraded"],
      ["HIT", "a page"],
      ["HIT", "a page"],
    ]);
  });
});

describe("h3: a WebSocket behind the cache", () => {
  it("keeps its hooks, by which a server upgrades it", async () => {
    const app = new H3().use(cacheMiddleware(quietCache(), { ttl: 60 }));
    app.get("/live", defineWebSocketHandler({ message: () => undefined }));

    const response = await app.request("/live", { headers: { upgrade: "websocket" } });

    expect([response.status, Reflect.get(response, "crossws")]).toEqual([
      426,
      { message: expect.any(Function) as unknown },
    ]);
  });
});
