// A slow report that is served stale, and an export that streams once for all who ask for it.
//
//   npm run example -- stale
//   curl -i localhost:8000/report      takes a second: X-Cache: MISS
//   curl -i localhost:8000/report      6 seconds later, at once: Cache-Status: caching-route;hit;ttl=-1; the next is fresh
//   curl -X POST localhost:8000/break  from now on the report fails
//   curl -i localhost:8000/report      20 seconds later: caching-route;fwd=stale;detail=failed, and not an error 500
//   curl -N localhost:8000/export & sleep 1; curl -iN localhost:8000/export
//                                      the second follows the first: caching-route;fwd=uri-miss;collapsed
//   curl localhost:8000/runs           how often each handler ran, whoever asked
import { Readable } from "node:stream";
import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import Fastify from "fastify";

const cache = createCache({ onError: (error, { operation }) => console.log(operation, "failed:", error) });
const app = Fastify();
await app.register(cacheRoute, { cache });

const runs = { report: 0, export: 0 };
let isBroken = false;

// Fresh for 5 seconds, then served at once for 10 while one refresh runs, and for an hour in the place of an error.
const served = { ttl: 5, staleWhileRevalidate: 10, staleIfError: 3600, handlerTimeout: 2 };

app.get("/report", { cache: served }, async () => {
  runs.report++;
  await load(1000);
  if (isBroken) throw new Error("the database is down");
  return { madeAt: new Date().toISOString() };
});

app.post("/break", async () => ({ isBroken: (isBroken = true) }));

async function* lines(): AsyncGenerator<string> {
  for (let line = 1; line <= 20; line++) {
    await load(200);
    yield `${JSON.stringify({ line, run: runs.export })}\n`;
  }
}

app.get("/export", { cache: { ttl: 5 } }, async (_request, reply) => {
  runs.export++;
  return reply.type("application/jsonl").send(Readable.from(lines()));
});

app.get("/runs", async () => runs);

const address = await app.listen({ port: Number(process.env["PORT"] ?? 8000), host: "127.0.0.1" });
console.log(`listening on ${address}`);
