import { serve } from "@hono/node-server";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/hono";
import { Hono } from "hono";

const cache = createCache();
const app = new Hono();

app.get("/", cacheRoute(cache, { ttl: 60 }), (c) => c.text("Hello, World!"));

const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, (address) => {
  console.log(`listening on http://127.0.0.1:${address.port}`);
});
