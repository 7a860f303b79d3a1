import type { Server } from "node:http";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/h3";
import { H3, HTTPResponse, serve } from "h3";
import type { EventHandler } from "h3";
import { defineCachedHandler } from "ocache";
import { PATH, TTL } from "../contenders.ts";
import type { Makers, MakeServer, Origin } from "../contenders.ts";

const of =
  (handlerOf: (origin: Origin) => EventHandler): MakeServer =>
  async (origin) => {
    const app = new H3();
    app.get(PATH, handlerOf(origin));
    const served = serve(app, { port: 0, hostname: "127.0.0.1", silent: true });
    await served.ready();
    return served.node?.server as Server;
  };

const json =
  (origin: Origin): EventHandler =>
  () =>
    origin.items();

export const makers: Makers = {
  ours: of((origin) => cacheRoute(createCache(), { ttl: TTL }, json(origin))),
  body: of((origin) => () => new HTTPResponse(new Uint8Array(origin.bytes()), { headers: origin.fields })),
  handler: of(json),
  peer: of((origin) => {
    const options = { name: "items", maxAge: TTL };
    const cached = defineCachedHandler(() => Response.json(origin.items()), options);
    return ({ req }) => cached({ req });
  }),
};
