import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import { redisStore } from "caching-route/stores/redis";
import fastify from "fastify";
import { responseSchema } from "../../payload.ts";
import { sizeNames, TTL } from "../contenders.ts";
import { connect } from "./clients.ts";
import { pathOf } from "./contender.ts";
import type { MakeContender } from "./contender.ts";

/** The handlers behind our plugin and its Redis store. */
export const makeOurs: MakeContender = async (order, origin) => {
  const { client } = await connect(order.client, order.redis);
  const app = fastify({ keepAliveTimeout: 600_000 });
  // On a busy machine a read may take longer than the usual deadline, and then the handler runs.
  const cache = createCache({ store: redisStore(client), storeTimeout: 10 });
  await app.register(cacheRoute, { cache });
  for (const size of sizeNames) {
    const schema = { response: { 200: responseSchema } };
    app.get(pathOf(size), { schema, cache: { ttl: TTL } }, () => Promise.resolve(origin.payload(size)));
  }
  await app.listen({ host: "127.0.0.1", port: 0 });
  return app.server;
};
