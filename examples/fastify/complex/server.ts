import { Readable } from "node:stream";
import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import Fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";

const app = Fastify();
await app.register(cacheRoute, { cache: createCache({ defaults: { ttl: 60 } }) });

/** Any non-empty key is a valid one. The guard of a cached route runs before the cache, on hits as on misses. */
async function requireKey(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if ((request.headers["x-key"] ?? "") !== "") return undefined;
  return reply.code(401).send({ error: "X-Key is missing" });
}

/** Loading takes a second. */
async function data(): Promise<string> {
  await load(1000);
  return "Hello, World!";
}

app.get("/not-cached", { preHandler: requireKey }, data);

app.get("/cached", { preHandler: requireKey, cache: {} }, data);

app.get("/stream-cached", { preHandler: requireKey, cache: {} }, async (_request, reply) => {
  const text = await data();
  reply.headers({ "content-type": "text/plain", "content-length": text.length });
  return reply.send(Readable.from(text.split("")));
});

app.get("/404", { cache: {} }, async (_request, reply) => reply.code(404).send());

const properties = { a: { type: "string" }, b: { type: "string", default: "b" } };

app.get(
  "/query",
  { schema: { querystring: { type: "object", properties, required: ["a"] } }, cache: {} },
  async (request) => request.query,
);

const address = await app.listen({ port: Number(process.env["PORT"] ?? 8000), host: "127.0.0.1" });
console.log(`listening on ${address}`);
