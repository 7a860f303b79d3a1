import type { Server } from "node:http";
import { Readable } from "node:stream";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { TTL } from "../contenders.ts";
import type { MakeContender } from "../contenders.ts";
import { Flights } from "../flights.ts";

export const makeFastify: MakeContender = async (origin) => {
  const app = fastify();
  await app.register(cacheRoute, { cache: createCache() });
  const cached = { cache: { ttl: TTL } };
  app.get("/complete/:burst", cached, (request) => origin.complete(request.url));
  app.get("/streamed/:burst", cached, async (request, reply) => {
    const parts = await origin.streamed(request.url);
    return reply.type("text/plain").send(Readable.from(parts, { objectMode: false }));
  });
  return listening(app);
};

export const makeFastifyFloor: MakeContender = (origin) => {
  const app = fastify();
  const flights = new Flights(origin);
  app.get("/complete/:burst", async (request, reply) => {
    const body = await flights.complete(request.url);
    return reply.type("application/json").send(body);
  });
  app.get("/streamed/:burst", async (request, reply) => {
    const readers = await flights.streamed(request.url);
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/plain" }).flushHeaders();
    readers.add(reply.raw);
  });
  return listening(app);
};

async function listening(app: FastifyInstance): Promise<Server> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return app.server;
}
