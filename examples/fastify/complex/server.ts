import { Readable } from "node:stream";
import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import Fastify from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";

const app = Fastify();
await app.register(cacheRoute, { cache: createCache({ defaults: { ttl: 60 } }) });

/** Any non-empty key is a valid one. */
async function requireKey(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if ((request.headers["x-key"] ?? "") !== "") return undefined;
  return reply.code(401).send({ error: "X-Key is missing" });
}

async function items(): Promise<unknown> {
  await load(1000);
  return Array.from({ length: 20 }, (_, id) => ({ id, name: `item ${id}` }));
}

async function* lines(): AsyncGenerator<string> {
  for (let id = 0; id < 20; id++) {
    await load(20);
    yield `${JSON.stringify({ id, name: `item ${id}` })}\n`;
  }
}

app.get("/not-cached", items);

app.get("/cached", { cache: {} }, items);

app.get("/stream-cached", { cache: { before: requireKey } }, async (_request, reply) => {
  await load(1000);
  return reply.type("application/jsonl").send(Readable.from(lines()));
});

const properties = { a: { type: "string" }, b: { type: "string", default: "b" } };

app.get("/query", { schema: { querystring: { type: "object", properties } }, cache: {} }, async (request) => {
  const { a = null, b } = request.query as { a?: string; b: string };
  return { a, b };
});

app.get("/404", { cache: {} }, async (_request, reply) => reply.code(404).send({ error: "not found" }));

const address = await app.listen({ port: Number(process.env["PORT"] ?? 8000), host: "127.0.0.1" });
console.log(`listening on ${address}`);
