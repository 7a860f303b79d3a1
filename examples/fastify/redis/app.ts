// One process of several. All of them share the responses in one Redis, and what one invalidates is gone for all.
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import { redisStore } from "caching-route/stores/redis";
import Fastify from "fastify";
import { createClient } from "redis";

interface OneUser {
  Params: { id: string };
}

const client = createClient({ url: process.env["REDIS_URL"] ?? "redis://localhost:6379" });
client.on("error", (error: Error) => console.error(error.message));
await client.connect();

const app = Fastify();
// The two have a port each. Behind a load balancer they have one name, and `origin` is not needed.
const cache = createCache({ store: redisStore(client), defaults: { origin: "http://localhost:8000" } });
await app.register(cacheRoute, { cache });

app.get<OneUser>(
  "/users/:id",
  { cache: { ttl: 600, tags: (request) => [`user:${request.params.id}`] } },
  // The database of this example is in the same Redis.
  async ({ params }) => ({ id: params.id, name: (await client.get(`name:${params.id}`)) ?? "nobody" }),
);

app.put<OneUser & { Body: { name: string } }>(
  "/users/:id",
  { cache: { invalidates: (request) => [`user:${request.params.id}`] } },
  async ({ params, body }, reply) => {
    await client.set(`name:${params.id}`, body.name);
    return reply.code(204).send();
  },
);

process.send?.(await app.listen({ port: Number(process.env["PORT"] ?? 8000), host: "127.0.0.1" }));
process.on("disconnect", () => process.exit());
