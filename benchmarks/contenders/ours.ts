import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import { PATH, TTL } from "./contender.ts";
import type { MakeContender } from "./contender.ts";
import { emptyApp, originOf } from "./origin.ts";

/** The object handler behind our plugin and its memory store. */
export const makeOurs: MakeContender = async (order) => {
  const origin = originOf(order);
  const app = emptyApp();
  await app.register(cacheRoute, { cache: createCache() });
  app.get(PATH, { schema: origin.schema, cache: { ttl: TTL } }, origin.handler);
  return { app, handlerRuns: origin.runs };
};
