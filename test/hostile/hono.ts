import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { Context } from "hono";
import { cacheRoute } from "../../src/adapters/hono.ts";
import type { Cache } from "../../src/index.ts";
import { STYLES, pulled } from "./fetch.ts";
import { KINDS, userOf } from "./site.ts";
import type { Site } from "./site.ts";

/** The application on Hono, behind @hono/node-server; `cache` undefined: without a cache. */
export function honoServer(site: Site, cache: Cache | undefined): Server {
  const app = new Hono();
  app.onError((_error, c) => c.text("failed", 500));
  const scope = (c: Context): string => userOf(c.req.header("cookie"));
  for (const [kind, options] of Object.entries({ ...KINDS, mine: { ttl: 60, scope } })) {
    const handle = (c: Context): Promise<Response> => respond(site, kind, c);
    if (cache === undefined || options === undefined) app.all(`/${kind}/:id`, handle);
    else app.all(`/${kind}/:id`, cacheRoute(cache, options), handle);
  }
  return createAdaptorServer({ fetch: app.fetch }) as Server;
}

async function respond(site: Site, kind: string, c: Context): Promise<Response> {
  const { method } = c.req;
  const header = (name: string): string | undefined => c.req.header(name);
  const answer = await site.answer({ method, kind, id: c.req.param("id") ?? "", header });
  const { status, headers, whole, parts, style } = answer;
  // Hono drops the content of a response to HEAD, and does not cancel it.
  if (method === "HEAD") return new Response(null, { status, headers });
  if (parts === undefined) return new Response(new Uint8Array(whole ?? []), { status, headers });
  return new Response((STYLES[style % STYLES.length] ?? pulled)(parts, c.req.raw.signal), {
    status,
    headers,
  });
}
