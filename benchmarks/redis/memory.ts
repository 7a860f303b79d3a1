import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { redisStore } from "caching-route/stores/redis";
import { Redis } from "ioredis";
import type { RedisServer } from "../../test/support/redis-servers.ts";
import { TTL } from "./contenders.ts";
import { stored } from "./stored.ts";

/** How much one entry takes in Redis, all in bytes. */
export interface EntryMemory {
  /** The length of the content. */
  readonly bytes: number;
  /** The same content in a string of its own. */
  readonly bare: number;
  readonly ours: number;
}

/** The length of content that the goal is about. */
export const measuredBytes = 102_400;
/** How much more than a bare `SET` an entry may take. */
export const ENTRY_BYTES_GOAL = 1024;

const BARE = "bare";

/** Stores one response of each length with an empty Redis, and the same content by hand. */
export async function measureMemory(redis: RedisServer): Promise<EntryMemory[]> {
  const client = new Redis(redis.url);
  const found: EntryMemory[] = [];
  try {
    for (const bytes of [1024, measuredBytes, 1_048_576]) {
      await client.flushall();
      const body = "x".repeat(bytes);
      const cache = createCache({ store: redisStore(client), reporter: false });
      const options = { ttl: TTL, route: "GET /items" };
      const route = cacheRoute(cache, options, () => Response.json(body.slice(2)));
      await stored(async () => (await route(new Request("http://localhost/items"))).headers.get("x-cache"));
      const ours = await usageOf(redis, await hashes(redis));
      await client.set(BARE, JSON.stringify(body.slice(2)), "EX", TTL);
      found.push({ bytes, bare: await usageOf(redis, [BARE]), ours });
    }
    return found;
  } finally {
    client.disconnect();
  }
}

/** The keys of entries: the log of invalidations is one for all of them. */
async function hashes(redis: RedisServer): Promise<string[]> {
  const keys = (await redis.command("KEYS", "*")).split("\n");
  const types = await Promise.all(keys.map((key) => redis.command("TYPE", key)));
  return keys.filter((_, index) => types[index] === "hash");
}

async function usageOf(redis: RedisServer, keys: readonly string[]): Promise<number> {
  const sizes = await Promise.all(keys.map((key) => redis.command("MEMORY", "USAGE", key, "SAMPLES", "0")));
  return sizes.reduce((sum, size) => sum + Number(size), 0);
}
