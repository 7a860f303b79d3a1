import { Cluster as Cluster6, Redis as Redis6 } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import { Cluster as ClusterOfValkey, Redis as RedisOfValkey } from "iovalkey";
import * as nodeRedis6 from "redis";
import * as nodeRedis5 from "redis5";
import type { RedisClient } from "../../../src/stores/redis.ts";
import type { RedisSentinels, RedisServer, RedisServers } from "../../support/redis-servers.ts";

/** A client that is connected, and how to close it. */
export interface Opened {
  readonly client: RedisClient;
  close(): Promise<unknown>;
}

/** The clients of one library. */
export interface Library {
  readonly name: string;
  single(server: RedisServer, options?: object): Promise<Opened>;
  cluster(servers: RedisServers, options?: object): Promise<Opened>;
  sentinel(servers: RedisSentinels, options?: object): Promise<Opened>;
}

function ofIoRedis(name: string, Redis: typeof Redis6, Cluster: typeof Cluster6): Library {
  const opened = (client: Redis6 | Cluster6): Opened => ({
    client,
    close: async () => client.disconnect(),
  });
  return {
    name,
    single: async ({ host, port }, options) => opened(new Redis({ host, port, ...options })),
    cluster: async ({ servers }, options) =>
      opened(
        new Cluster(
          servers.map(({ host, port }) => ({ host, port })),
          options,
        ),
      ),
    sentinel: async ({ sentinels, group }, options) =>
      opened(
        new Redis({
          sentinels: sentinels.map(({ host, port }) => ({ host, port })),
          name: group,
          ...options,
        }),
      ),
  };
}

function ofNodeRedis(
  name: string,
  { createClient, createCluster, createSentinel }: typeof nodeRedis6,
): Library {
  interface Client extends RedisClientBase {
    connect(): Promise<unknown>;
    destroy(): unknown;
    on(event: "error", listener: () => void): unknown;
  }
  const opened = async (client: Client): Promise<Opened> => {
    client.on("error", () => undefined);
    await client.connect();
    return { client, close: async () => client.destroy() };
  };
  return {
    name,
    single: async ({ url }, options) => opened(createClient({ url, ...options })),
    cluster: async ({ servers }, options) =>
      opened(createCluster({ rootNodes: servers.map(({ url }) => ({ url })), ...options })),
    sentinel: async ({ sentinels, group }, options) =>
      opened(
        createSentinel({
          name: group,
          sentinelRootNodes: sentinels.map(({ host, port }) => ({ host, port })),
          ...options,
        }),
      ),
  };
}

type RedisClientBase = Extract<RedisClient, { withTypeMapping: unknown }>;

/** Every client that the store works with. */
export const libraries: readonly Library[] = [
  ofNodeRedis("node-redis 6", nodeRedis6),
  ofNodeRedis("node-redis 5", nodeRedis5 as unknown as typeof nodeRedis6),
  ofIoRedis("ioredis 6", Redis6, Cluster6),
  ofIoRedis("ioredis 5", Redis5 as unknown as typeof Redis6, Cluster5 as unknown as typeof Cluster6),
  ofIoRedis(
    "iovalkey",
    RedisOfValkey as unknown as typeof Redis6,
    ClusterOfValkey as unknown as typeof Cluster6,
  ),
];
