import fastify from "fastify";
import { sizeNames, TTL } from "../contenders.ts";
import { connect } from "./clients.ts";
import { pathOf } from "./contender.ts";
import type { MakeContender } from "./contender.ts";

/** A handler that gets ready-made bytes from Redis and sends them: no head, no conditions, no invalidation. */
export const makeBare: MakeContender = async (order, origin) => {
  const redis = await connect(order.client, order.redis);
  const app = fastify({ keepAliveTimeout: 600_000 });
  for (const size of sizeNames) {
    const key = `bare:${size}`;
    await redis.set(key, Buffer.from(JSON.stringify(origin.payload(size))), TTL);
    app.get(pathOf(size), async (_request, reply) => {
      origin.runs++;
      const body = await redis.get(key);
      return reply.type("application/json; charset=utf-8").send(body);
    });
  }
  await app.listen({ host: "127.0.0.1", port: 0 });
  return app.server;
};
