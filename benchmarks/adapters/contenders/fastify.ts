import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { responseSchema } from "../../payload.ts";
import { PATH, TTL } from "../contenders.ts";
import type { Makers } from "../contenders.ts";

const schema = { response: { 200: responseSchema } };

/** Handlers that make JSON have a response schema, as Fastify recommends. */
export const makers: Makers = {
  async ours(origin) {
    const app = fastify();
    await app.register(cacheRoute, { cache: createCache() });
    app.get(PATH, { schema, cache: { ttl: TTL } }, () => Promise.resolve(origin.items()));
    return listening(app);
  },
  body(origin) {
    const app = fastify();
    app.get(PATH, (_request, reply) => {
      reply.code(200).headers(origin.fields).send(origin.bytes());
    });
    return listening(app);
  },
  handler(origin) {
    const app = fastify();
    app.get(PATH, { schema }, () => Promise.resolve(origin.items()));
    return listening(app);
  },
};

async function listening(app: FastifyInstance): Promise<FastifyInstance["server"]> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return app.server;
}
