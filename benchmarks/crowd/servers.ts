import { once } from "node:events";
import type { Server } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createCache } from "caching-route";
import type { Cache, RouteOptions } from "caching-route";
import { cacheRoute as cacheExpress } from "caching-route/express";
import { cacheRoute as cacheFastify } from "caching-route/fastify";
import { cacheRoute as cacheFetch } from "caching-route/fetch";
import express from "express";
import fastify from "fastify";
import { serve } from "../stampede/contenders/bridge.ts";
import { BUDGET } from "./origin.ts";
import type { Origin } from "./origin.ts";

/** What a cached path is cached with, by its first part; what is not listed is not cached. */
const cached: Readonly<Record<string, RouteOptions<unknown>>> = {
  stream: { ttl: 600, maxBodyBytes: BUDGET },
  private: { ttl: 600 },
  early: { ttl: 600 },
  stale: { ttl: 0.2, staleWhileRevalidate: 600 },
};

/** A server of one framework: `/<kind>/<name>` is cached, `/plain/<kind>/<name>` is the same handler without a cache. */
type Make = (origin: Origin) => Promise<{ readonly server: Server; readonly cache: Cache }>;

export const makers = { fastify: makeFastify, express: makeExpress, fetch: makeFetch } as const;

export type Framework = keyof typeof makers;

async function makeFastify(origin: Origin): ReturnType<Make> {
  const cache = createCache({ reporter: false });
  const app = fastify();
  await app.register(cacheFastify, { cache });
  for (const [kind, options] of Object.entries(cached)) {
    for (const [prefix, marked] of [
      ["", { cache: options }],
      ["/plain", {}],
    ] as const) {
      app.get(`${prefix}/${kind}/:name`, marked, async (request, reply) => {
        const { headers, body } = await origin.answer(request.url.slice(prefix.length));
        const content = typeof body === "string" ? body : Readable.from(body, { objectMode: false });
        return reply.headers(headers).send(content);
      });
    }
  }
  await app.listen({ host: "127.0.0.1", port: 0 });
  return { server: app.server, cache };
}

async function makeExpress(origin: Origin): ReturnType<Make> {
  const cache = createCache({ reporter: false });
  const app = express();
  for (const [kind, options] of Object.entries(cached)) {
    for (const [prefix, guards] of [
      ["", [cacheExpress(cache, options)]],
      ["/plain", []],
    ] as const) {
      app.get(`${prefix}/${kind}/:name`, ...guards, async (req, res) => {
        const { headers, body } = await origin.answer(req.originalUrl.slice(prefix.length));
        res.set(headers);
        if (typeof body === "string") res.end(body);
        else await pipeline(Readable.from(body, { objectMode: false }), res);
      });
    }
  }
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, cache };
}

async function makeFetch(origin: Origin): ReturnType<Make> {
  const cache = createCache({ reporter: false });
  const handler = async (request: Request): Promise<Response> => {
    const { headers, body } = await origin.answer(new URL(request.url).pathname.replace(/^\/plain/, ""));
    return new Response(typeof body === "string" ? body : ReadableStream.from(body), { headers });
  };
  const behind = Object.fromEntries(
    Object.entries(cached).map(([kind, options]) => [kind, cacheFetch(cache, options, handler)]),
  );
  const server = await serve(async (request) => {
    const kind = new URL(request.url).pathname.split("/")[1] ?? "";
    return (behind[kind] ?? handler)(request);
  });
  return { server, cache };
}
