import type { Server } from "node:http";
import { getRouterParam, H3, serve } from "h3";
import type { H3Event } from "h3";
import { cacheRoute } from "../../src/adapters/h3.ts";
import type { Cache } from "../../src/index.ts";
import { STYLES, pulled } from "./fetch.ts";
import { KINDS, userOf } from "./site.ts";
import type { Site } from "./site.ts";

/** The application on h3, behind its own server that listens; `cache` undefined: without a cache. */
export async function h3Server(site: Site, cache: Cache | undefined): Promise<Server> {
  const app = new H3({ silent: true, onError: () => new Response("failed", { status: 500 }) });
  const scope = (event: H3Event): string => userOf(event.req.headers.get("cookie") ?? undefined);
  for (const [kind, options] of Object.entries({ ...KINDS, mine: { ttl: 60, scope } })) {
    const handle = (event: H3Event): Promise<Response> => respond(site, kind, event);
    const isCached = cache !== undefined && options !== undefined;
    app.all(`/${kind}/:id`, isCached ? cacheRoute(cache, options, handle) : handle);
  }
  const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
  await server.ready();
  return server.node?.server as Server;
}

async function respond(site: Site, kind: string, event: H3Event): Promise<Response> {
  const { method, headers: fields, signal } = event.req;
  const header = (name: string): string | undefined => fields.get(name) ?? undefined;
  const answer = await site.answer({ method, kind, id: getRouterParam(event, "id") ?? "", header });
  const { status, headers, whole, parts, style } = answer;
  // h3 drops the content of a response to HEAD, and does not cancel it.
  if (method === "HEAD") return new Response(null, { status, headers });
  if (parts === undefined) return new Response(new Uint8Array(whole ?? []), { status, headers });
  return new Response((STYLES[style % STYLES.length] ?? pulled)(parts, signal), { status, headers });
}
