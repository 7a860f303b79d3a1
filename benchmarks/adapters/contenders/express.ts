import { createServer } from "node:http";
import apicache from "apicache";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/express";
import express from "express";
import type { RequestHandler } from "express";
import { PATH, TTL } from "../contenders.ts";
import type { Makers, MakeServer, Origin } from "../contenders.ts";
import { listening } from "./listening.ts";

const of =
  (handlersOf: (origin: Origin) => readonly RequestHandler[]): MakeServer =>
  (origin) => {
    const app = express();
    app.get(PATH, ...handlersOf(origin));
    return listening(createServer(app));
  };

const json =
  (origin: Origin): RequestHandler =>
  (_req, res) =>
    void res.json(origin.items());

export const makers: Makers = {
  ours: of((origin) => [cacheRoute(createCache(), { ttl: TTL }), json(origin)]),
  body: of((origin) => [(_req, res) => void res.set(origin.fields).send(origin.bytes())]),
  handler: of((origin) => [json(origin)]),
  peer: of((origin) => [apicache.middleware(`${TTL} seconds`), json(origin)]),
};
