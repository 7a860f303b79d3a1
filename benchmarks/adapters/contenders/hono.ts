import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/hono";
import { Hono } from "hono";
import type { Handler, MiddlewareHandler } from "hono";
import { PATH, TTL } from "../contenders.ts";
import type { Makers, MakeServer, Origin } from "../contenders.ts";
import { listening } from "./listening.ts";

const of =
  (handlerOf: (origin: Origin) => Handler, ...front: MiddlewareHandler[]): MakeServer =>
  (origin) => {
    const app = new Hono();
    for (const middleware of front) app.use(PATH, middleware);
    app.get(PATH, handlerOf(origin));
    return listening(createAdaptorServer({ fetch: app.fetch }) as Server);
  };

const json =
  (origin: Origin): Handler =>
  (c) =>
    c.json(origin.items());

export const makers: Makers = {
  ours: of(json, cacheRoute(createCache(), { ttl: TTL })),
  body: of((origin) => (c) => c.body(new Uint8Array(origin.bytes()), 200, origin.fields)),
  handler: of(json),
};
