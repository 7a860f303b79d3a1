import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/h3";
import { defineHandler, defineValidatedHandler, getQuery, H3, HTTPResponse, iterable, serve } from "h3";
import type { Middleware } from "h3";
import { z } from "zod";

const cache = createCache({ defaults: { ttl: 60 } });
const app = new H3();

/** Any non-empty key is a valid one. The cache runs the middleware of a handler on hits as on misses. */
const requireKey: Middleware = (event) => {
  if ((event.req.headers.get("x-key") ?? "") !== "") return undefined;
  return Response.json({ error: "X-Key is missing" }, { status: 401 });
};
const middleware = [requireKey];

/** Loading takes a second. */
async function data(): Promise<string> {
  await load(1000);
  return "Hello, World!";
}

app.get("/not-cached", data, { middleware });

app.get("/cached", cacheRoute(cache, {}, defineHandler({ middleware, handler: data })));

const stream = defineHandler({
  middleware,
  async handler(event) {
    const text = await data();
    event.res.headers.set("content-type", "text/plain");
    event.res.headers.set("content-length", String(text.length));
    return iterable(text.split(""));
  },
});
app.get("/stream-cached", cacheRoute(cache, {}, stream));

const nothing = (): HTTPResponse => new HTTPResponse(null, { status: 404 });
app.get("/404", cacheRoute(cache, {}, nothing));

// The cache reads the names and defaults of the query parameters from the schema.
const query = z.object({ a: z.string(), b: z.string().default("b") });
const queried = defineValidatedHandler({ validate: { query }, handler: (event) => getQuery(event) });
app.get("/query", cacheRoute(cache, {}, queried));

const port = Number(process.env["PORT"] ?? 8000);
const server = serve(app, { port, hostname: "127.0.0.1", silent: true });
await server.ready();
console.log(`listening on ${server.url?.replace(/\/$/, "")}`);
