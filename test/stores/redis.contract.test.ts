import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisStore } from "../../src/stores/redis.ts";
import { storeContract } from "../../src/testing/index.ts";
import {
  areServersMissing,
  startRedis,
  startRedisCluster,
  startRedisSentinels,
} from "../support/redis-servers.ts";
import { libraries } from "./redis/clients.ts";
import type { Opened } from "./redis/clients.ts";

describe.skipIf(areServersMissing).each([
  { setUp: "one server", start: startRedis, kind: "single" },
  { setUp: "a cluster", start: startRedisCluster, kind: "cluster" },
  { setUp: "sentinels", start: startRedisSentinels, kind: "sentinel" },
] as const)("the Redis store on $setUp", ({ start, kind }) => {
  let servers: { stop(): Promise<void> };
  let stores = 0;

  beforeAll(async () => {
    servers = await start();
  });
  afterAll(async () => servers?.stop());

  describe.each(libraries)("with $name", (library) => {
    let opened: Opened;

    beforeAll(async () => {
      opened = await library[kind](servers as never);
    });
    afterAll(async () => opened?.close());

    const makeStore = () => redisStore(opened.client, { prefix: `${library.name}:${stores++}:` });
    const checks = storeContract(makeStore, { capabilities: ["marks", "leases"] });

    it.concurrent.each(checks)("$name", async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
});
