import { once } from "node:events";
import { connect } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { Context, MiddlewareHandler } from "hono";
import { expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/hono.ts";
import { heldCache } from "./support.ts";

/** Serves a handler at `/a`, and asks twice. Returns the types of its content. */
async function typesOf(handle: (c: Context) => Response, front?: MiddlewareHandler): Promise<unknown[]> {
  const app = new Hono();
  if (front !== undefined) app.use(front);
  app.get("/a", handle);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`;
  const [miss, hit] = [await fetch(url), await fetch(url)];
  return [miss, hit].map(({ headers }) => headers.get("content-type"));
}

it("content without a type has the one that @hono/node-server gives it, so that no browser has to guess", async () => {
  const handle = (c: Context): Response => c.body(new Uint8Array([60, 98, 62]).buffer);
  const { cache } = heldCache();

  const types = await typesOf(handle);
  const cached = await typesOf(handle, cacheRoute(cache, { ttl: 60 }));

  expect(types).toEqual(["text/plain; charset=UTF-8", "text/plain; charset=UTF-8"]);
  expect(cached).toEqual(types);
  expect(cache.stats().outcomes.hit).toBe(1);
});

it("a hit makes no whole request of the one that @hono/node-server has prepared", async () => {
  const { cache } = heldCache();
  const cached = cacheRoute(cache, { ttl: 60 });
  const seen: Request[] = [];
  const front: MiddlewareHandler = async (c, next) => {
    seen.push(c.req.raw);
    await cached(c, next);
  };

  await typesOf((c) => c.text("a"), front);

  const [, ofHit] = seen;
  const made = Object.getOwnPropertySymbols(ofHit).map(({ description }) => description);
  expect(cache.stats().outcomes.hit).toBe(1);
  expect(made).toContain("incomingKey");
  expect(made).not.toContain("requestCache");
});

it("a request that names two hosts is not cached: the key has one of them, and the handler may use the other", async () => {
  const app = new Hono();
  app.get("/", cacheRoute(heldCache().cache, { ttl: 60 }), (c) => c.text(c.req.header("host") ?? ""));
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const hosts: unknown[] = [];
  for (const head of [
    "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
    "GET / HTTP/1.1\r\nHost: shop.test",
    "GET http://shop.test/ HTTP/1.1\r\nHost: evil.test",
    "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test",
  ]) {
    const socket = connect(port, "127.0.0.1");
    socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    let text = "";
    socket.on("data", (part: Buffer) => (text += part.toString()));
    await once(socket, "close");
    hosts.push([/x-cache: (\w+)/i.exec(text)?.[1], text.split("\r\n\r\n")[1]]);
  }

  expect(hosts).toEqual([
    [undefined, "evil.test"],
    ["MISS", "shop.test"],
    [undefined, "evil.test"],
    ["HIT", "shop.test"],
  ]);
});
