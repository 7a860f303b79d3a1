import { once } from "node:events";
import type { Server } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import apicache from "apicache";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/express";
import express from "express";
import type { Express, RequestHandler } from "express";
import type { Origin } from "../content.ts";
import { TTL } from "../contenders.ts";
import type { MakeContender } from "../contenders.ts";
import { Flights } from "../flights.ts";

export const makeExpress: MakeContender = (origin) => {
  const cache = createCache();
  return listening(behind(cacheRoute(cache, { ttl: TTL }), origin));
};

export const makeApicache: MakeContender = (origin) =>
  listening(behind(apicache.middleware(`${TTL} seconds`), origin));

export const makeExpressFloor: MakeContender = (origin) => {
  const app = express();
  const flights = new Flights(origin);
  app.get("/complete/:burst", async (req, res) => {
    res.type("json").end(await flights.complete(req.path));
  });
  app.get("/streamed/:burst", async (req, res) => {
    const readers = await flights.streamed(req.path);
    res.type("text").flushHeaders();
    readers.add(res);
  });
  return listening(app);
};

/** The same handlers behind one cache or the other. */
function behind(cache: RequestHandler, origin: Origin): Express {
  const app = express();
  app.get("/complete/:burst", cache, async (req, res) => {
    res.json(await origin.complete(req.path));
  });
  app.get("/streamed/:burst", cache, async (req, res) => {
    const parts = await origin.streamed(req.path);
    res.type("text").flushHeaders();
    await pipeline(Readable.from(parts, { objectMode: false }), res);
  });
  return app;
}

async function listening(app: Express): Promise<Server> {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
