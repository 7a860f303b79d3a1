import { Cluster as Cluster6, Redis as Redis6 } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import { Cluster as ClusterOfValkey, Redis as RedisOfValkey } from "iovalkey";
import { createClient, createClientPool, createCluster, createSentinel } from "redis";
import type { RedisClientType, RedisClusterType, RedisSentinelType } from "redis";
import {
  createClient as createClient5,
  createClientPool as createClientPool5,
  createCluster as createCluster5,
  createSentinel as createSentinel5,
} from "redis5";
import { createCache } from "../../src/index.ts";
import type { Store } from "../../src/index.ts";
import { redisStore } from "../../src/stores/redis.ts";
import type { RedisClient, RedisStoreOptions } from "../../src/stores/redis.ts";
import type { Fact, Same } from "./equal.ts";

const node = { host: "localhost", port: 6379 };
const rootNodes = [{ url: "redis://localhost:6379" }];
const sentinel = { name: "primary", sentinelRootNodes: [node] };

// Each client that the libraries make, with any options.
export const stores: readonly Store[] = [
  redisStore(createClient()),
  redisStore(createClient({ RESP: 2 })),
  redisStore(createClient({ RESP: 3 })),
  redisStore(createClientPool()),
  redisStore(createCluster({ rootNodes })),
  redisStore(createSentinel(sentinel)),
  redisStore(createClient5()),
  redisStore(createClient5({ RESP: 3 })),
  redisStore(createClientPool5()),
  redisStore(createCluster5({ rootNodes })),
  redisStore(createSentinel5(sentinel)),
  redisStore(new Redis6()),
  redisStore(new Cluster6([node])),
  redisStore(new Redis5()),
  redisStore(new Cluster5([node])),
  redisStore(new RedisOfValkey()),
  redisStore(new ClusterOfValkey([node])),
];

// Types that applications write down.
export function ofDeclared(
  client: RedisClientType,
  cluster: RedisClusterType,
  sentinels: RedisSentinelType,
): readonly Store[] {
  return [client, cluster, sentinels].map((given) => redisStore(given));
}

// What connect() resolves to.
export const connected = async (): Promise<Store> => redisStore(await createClient().connect());

export const cache = createCache({ store: redisStore(createClient(), { prefix: "shop:" }) });

export type Prefix = Fact<Same<RedisStoreOptions["prefix"], string | undefined>>;
export type Given = Fact<Same<Parameters<typeof redisStore>[0], RedisClient>>;

// @ts-expect-error: an address is no client
redisStore("redis://localhost");
// @ts-expect-error: nor are options of a client
redisStore({ host: "localhost" });
// @ts-expect-error: nor is a promise of one
redisStore(createClient().connect());
// @ts-expect-error: nor is a class
redisStore(Redis6);
// @ts-expect-error: nor a pipeline
redisStore(new Redis6().pipeline());
// @ts-expect-error: nor a transaction
redisStore(createClient().multi());
// @ts-expect-error: nor what keeps values under keys
redisStore(new Map());
// @ts-expect-error: there is no such option
redisStore(createClient(), { keyPrefix: "a:" });
// @ts-expect-error: a prefix is text
redisStore(createClient(), { prefix: 7 });
