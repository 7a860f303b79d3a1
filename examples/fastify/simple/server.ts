import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import Fastify from "fastify";

const app = Fastify();
await app.register(cacheRoute, { cache: createCache() });

app.get("/", { cache: { ttl: 60 } }, () => "Hello, World!");

const address = await app.listen({ port: Number(process.env["PORT"] ?? 8000), host: "127.0.0.1" });
console.log(`listening on ${address}`);
