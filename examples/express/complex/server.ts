import { Readable } from "node:stream";
import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/express";
import express from "express";
import type { RequestHandler } from "express";

const cache = createCache({ defaults: { ttl: 60 } });
const app = express();

/** Any non-empty key is a valid one. */
const requireKey: RequestHandler = (req, res, next) => {
  if ((req.get("x-key") ?? "") === "") res.status(401).json({ error: "X-Key is missing" });
  else next();
};

const items: RequestHandler = async (_req, res) => {
  await load(1000);
  res.json(Array.from({ length: 20 }, (_, id) => ({ id, name: `item ${id}` })));
};

async function* lines(): AsyncGenerator<string> {
  for (let id = 0; id < 20; id++) {
    await load(20);
    yield `${JSON.stringify({ id, name: `item ${id}` })}\n`;
  }
}

app.get("/not-cached", items);

app.get("/cached", cacheRoute(cache), items);

app.get("/stream-cached", cacheRoute(cache, { before: [requireKey] }), async (_req, res) => {
  await load(1000);
  Readable.from(lines()).pipe(res.type("application/jsonl"));
});

// `jsonSchema` is what zod 4.2 and other schema libraries offer: the cache learns names and defaults from it.
const properties = { a: { type: "string" }, b: { type: "string", default: "b" } };
const query = { "~standard": { jsonSchema: { input: () => ({ type: "object", properties }) } } };

app.get("/query", cacheRoute(cache, { query }), (req, res) => {
  const { a = null, b = "b" } = req.query;
  res.json({ a, b });
});

app.get("/404", cacheRoute(cache), (_req, res) => {
  res.status(404).json({ error: "not found" });
});

const port = Number(process.env["PORT"] ?? 8000);
const server = app.listen(port, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});
