import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheRoute } from "../../src/adapters/fastify.ts";
import { createCache } from "../../src/index.ts";
import type { Cache } from "../../src/index.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { areServersMissing, startRedis } from "../support/redis-servers.ts";
import type { RedisServer } from "../support/redis-servers.ts";
import { libraries } from "./redis/clients.ts";
import type { Library, Opened } from "./redis/clients.ts";

/** One process with a cache, as far as others can see. */
interface Node {
  readonly cache: Cache;
  readonly address: string;
  close(): Promise<void>;
}

let server: RedisServer;
let runs = 0;

async function startNode(library: Library): Promise<Node> {
  const opened: Opened = await library.single(server);
  const cache = createCache({
    store: redisStore(opened.client),
    // Else each port is an origin of its own.
    defaults: { origin: "https://example.org" },
    reporter: false,
  });
  const app: FastifyInstance = Fastify();
  await app.register(cacheRoute, { cache });
  app.get("/reports/:id", { cache: { ttl: 60, tags: ["reports"] } }, async () => ({ run: ++runs }));
  const address = await app.listen({ port: 0 });
  return {
    cache,
    address,
    close: async () => {
      await app.close();
      await cache.close();
      await opened.close();
    },
  };
}

async function ask({ address }: Node, path: string): Promise<string> {
  const response = await fetch(address + path);
  return `${response.headers.get("x-cache")} ${await response.text()}`;
}

describe.skipIf(areServersMissing)("two nodes on one Redis", () => {
  let one: Node;
  let other: Node;

  beforeAll(async () => {
    server = await startRedis();
    [one, other] = await Promise.all([startNode(libraries[0]!), startNode(libraries[2]!)]);
    // The first request of a process reads the log, which has just been begun: what it makes may be too old to be kept.
    for (const node of [one, other]) await ask(node, "/reports/0");
    runs = 0;
  });
  afterAll(async () => {
    await Promise.all([one, other].map(async (node) => node?.close()));
    await server?.stop();
  });
  it("share what one of them has stored, with different clients", async () => {
    expect(await ask(one, "/reports/1")).toBe('MISS {"run":1}');
    expect(await ask(other, "/reports/1")).toBe('HIT {"run":1}');
  });

  it("both lose what one of them invalidates", async () => {
    expect(await ask(one, "/reports/2")).toBe('MISS {"run":2}');
    expect(await ask(other, "/reports/2")).toBe('HIT {"run":2}');
    const { everywhere } = await one.cache.invalidate({ tag: "reports" });
    expect(everywhere).toBe(true);
    expect(await ask(one, "/reports/2")).toBe('MISS {"run":3}');
    await expect.poll(async () => ask(other, "/reports/2")).toBe('HIT {"run":3}');
  });
});
