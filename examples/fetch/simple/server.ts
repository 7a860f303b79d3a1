import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { serve } from "../serve.ts";

const cache = createCache();

const handler = cacheRoute(cache, { ttl: 60 }, () => new Response("Hello, World!"));

const { address } = await serve(handler, Number(process.env["PORT"] ?? 8000));
console.log(`listening on ${address}`);
