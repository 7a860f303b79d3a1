import { setTimeout as load } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/hono";
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { stream } from "hono/streaming";
import { z } from "zod";

const cache = createCache({ defaults: { ttl: 60 } });
const app = new Hono();

/** Any non-empty key is a valid one. The guard stands before the cache, and runs on hits as on misses. */
const requireKey: MiddlewareHandler = async (c, next) => {
  if ((c.req.header("x-key") ?? "") === "") return c.json({ error: "X-Key is missing" }, 401);
  return next();
};

/** Loading takes a second. */
async function data(): Promise<string> {
  await load(1000);
  return "Hello, World!";
}

app.get("/not-cached", requireKey, async (c) => c.text(await data()));

app.get("/cached", requireKey, cacheRoute(cache), async (c) => c.text(await data()));

app.get("/stream-cached", requireKey, cacheRoute(cache), async (c) => {
  const text = await data();
  c.header("content-type", "text/plain");
  c.header("content-length", String(text.length));
  return stream(c, async (out) => {
    for (const character of text) await out.write(character);
  });
});

app.get("/404", cacheRoute(cache), (c) => c.body(null, 404));

// The cache reads the names and defaults of the query parameters from the schema.
const query = z.object({ a: z.string(), b: z.string().default("b") });

app.get("/query", cacheRoute(cache, { query }), (c) => {
  const { data: parameters, error } = query.safeParse(c.req.query());
  return error === undefined ? c.json(parameters) : c.json({ error: z.prettifyError(error) }, 422);
});

const port = Number(process.env["PORT"] ?? 8000);
serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, (address) => {
  console.log(`listening on http://127.0.0.1:${address.port}`);
});
