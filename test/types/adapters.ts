import express from "express";
import Fastify from "fastify";
import type { FastifyRequest } from "fastify";
import { createCache } from "../../src/index.ts";
import type { CacheRouteOptions } from "../../src/adapters/express.ts";
import { cacheRoute as expressRoute } from "../../src/adapters/express.ts";
import { cacheRoute as fastifyRoute } from "../../src/adapters/fastify.ts";
import type { FastifyCacheOptions } from "../../src/adapters/fastify.ts";
import { cacheRoute as fetchRoute } from "../../src/adapters/fetch.ts";
import type { Fact, Same } from "./equal.ts";

const cache = createCache();

// Each adapter's functions are given the request of its framework.
type KeyOf<Options extends { key?: unknown }> = NonNullable<Options["key"]>;
export type FastifyKey = Fact<Same<KeyOf<FastifyCacheOptions>, (request: FastifyRequest) => string>>;
export type ExpressKey = Fact<Same<KeyOf<CacheRouteOptions>, (request: express.Request) => string>>;

export async function fastifyApplication(): Promise<void> {
  const app = Fastify();
  await app.register(fastifyRoute, { cache });
  app.get("/", { cache: { ttl: 60, key: (request) => request.id } }, async () => "");
  app.get("/not", { cache: false }, async () => "");
}

export function expressApplication(): void {
  const app = express();
  app.get("/", expressRoute(cache, { ttl: 60, key: (request) => request.path }), (_request, response) => {
    response.send("");
  });
}

// A handler keeps its own shape, and what else it is given.
export const plain: (request: Request) => Response | Promise<Response> = fetchRoute(
  cache,
  { key: (request) => request.url },
  () => new Response(),
);
export const withEnvironment: (request: Request, env: { name: string }) => Response | Promise<Response> =
  fetchRoute(cache, {}, (_request: Request, env: { name: string }) => new Response(env.name));
