import type { Server } from "node:http";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { serve } from "srvx";
import { TTL } from "../contenders.ts";
import type { Makers, MakeServer, Origin } from "../contenders.ts";

type Handler = (request: Request) => Response | Promise<Response>;

const of =
  (handlerOf: (origin: Origin) => Handler): MakeServer =>
  async (origin) => {
    const served = serve({ port: 0, hostname: "127.0.0.1", silent: true, fetch: handlerOf(origin) });
    await served.ready();
    return served.node?.server as Server;
  };

const json =
  (origin: Origin): Handler =>
  () =>
    Response.json(origin.items());

/** Under srvx, as the page on fetch has it. */
export const makers: Makers = {
  ours: of((origin) => cacheRoute(createCache(), { ttl: TTL, route: "items" }, json(origin))),
  body: of((origin) => () => new Response(new Uint8Array(origin.bytes()), { headers: origin.fields })),
  handler: of(json),
};
