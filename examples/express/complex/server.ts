import { Readable } from "node:stream";
import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/express";
import express from "express";
import type { RequestHandler } from "express";
import { z } from "zod";

const cache = createCache({ defaults: { ttl: 60 } });
const app = express();

/** Any non-empty key is a valid one. The guard stands before the cache, and runs on hits as on misses. */
const requireKey: RequestHandler = (req, res, next) => {
  if ((req.get("x-key") ?? "") === "") res.status(401).json({ error: "X-Key is missing" });
  else next();
};

/** Loading takes a second. */
async function data(): Promise<string> {
  await load(1000);
  return "Hello, World!";
}

const sendData: RequestHandler = async (_req, res) => {
  res.type("text").send(await data());
};

app.get("/not-cached", requireKey, sendData);

app.get("/cached", requireKey, cacheRoute(cache), sendData);

app.get("/stream-cached", requireKey, cacheRoute(cache), async (_req, res) => {
  const text = await data();
  res.set({ "content-type": "text/plain", "content-length": String(text.length) });
  Readable.from(text.split("")).pipe(res);
});

app.get("/404", cacheRoute(cache), (_req, res) => {
  res.status(404).end();
});

// The cache reads the names and defaults of the query parameters from the schema.
const query = z.object({ a: z.string(), b: z.string().default("b") });

app.get("/query", cacheRoute(cache, { query }), (req, res) => {
  const { data: parameters, error } = query.safeParse(req.query);
  if (error === undefined) res.json(parameters);
  else res.status(422).json({ error: z.prettifyError(error) });
});

const port = Number(process.env["PORT"] ?? 8000);
const server = app.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});
