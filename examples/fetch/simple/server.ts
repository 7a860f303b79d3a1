import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { serve } from "../serve.ts";

const cache = createCache();

const handler = cacheRoute(cache, { ttl: 60 }, async () => {
  await load(1000);
  return Response.json({ message: "Hello, world!" });
});

const { address } = await serve(handler, Number(process.env["PORT"] ?? 8000));
console.log(`listening on ${address}`);
