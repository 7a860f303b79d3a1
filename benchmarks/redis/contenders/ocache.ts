import { createBlobStorage, defineCachedHandler } from "ocache";
import { serve } from "../../stampede/contenders/bridge.ts";
import { TTL } from "../contenders.ts";
import type { Size } from "../contenders.ts";
import { connect } from "./clients.ts";
import type { MakeContender } from "./contender.ts";

/** ocache over its storage for backends of bytes, straight on the client: nothing else stands between. */
export const makeOcache: MakeContender = async (order, origin) => {
  const redis = await connect(order.client, order.redis);
  const storage = createBlobStorage({
    get: (key) => redis.get(key),
    set: async (key, value, given) => {
      if (value !== null) await redis.set(key, Buffer.from(value), given?.ttl ?? TTL);
    },
  });
  const cached = defineCachedHandler(
    ({ req }) => Response.json(origin.payload(req.url.slice(req.url.lastIndexOf("/") + 1) as Size)),
    { name: "redis", maxAge: TTL, storage },
  );
  const server = await serve(async (req) => (await cached({ req })) as Response);
  server.keepAliveTimeout = 600_000;
  return server;
};
