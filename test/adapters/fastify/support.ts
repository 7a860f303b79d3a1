import Fastify from "fastify";
import type { FastifyInstance, FastifyServerOptions } from "fastify";
import { onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";

/** An application with a cache that is not registered yet. */
export interface Site {
  readonly app: FastifyInstance;
  readonly cache: Cache;
  /** Registers the cache's plugin. */
  register(): Promise<void>;
  /** Listens, once, and asks over a real socket. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
}

/** A response with its content read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly cache: string | null;
}

/** Makes a site that is closed when the test is over. */
export function site(options: CacheOptions = {}, server: FastifyServerOptions = {}): Site {
  const app = Fastify({ forceCloseConnections: true, ...server });
  const cache = createCache({ reporter: false, ...options });
  onTestFinished(() => app.close());
  let origin: Promise<string> | undefined;
  return {
    app,
    cache,
    register: async () => {
      await app.register(cacheRoute, { cache });
    },
    async ask(path, init) {
      origin ??= app.listen({ port: 0, host: "127.0.0.1" });
      const response = await fetch((await origin) + path, init);
      const body = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body,
        cache: response.headers.get("x-cache"),
      };
    },
  };
}
