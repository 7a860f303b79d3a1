import { setTimeout as delay } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { redisStore } from "caching-route/stores/redis";
import { Redis } from "ioredis";
import type { RedisServer } from "../../test/support/redis-servers.ts";
import { spreadOf } from "../statistics.ts";
import type { Spread } from "../statistics.ts";
import { sharedNow, TAG } from "./setting.ts";

/** What a purge of many entries took. */
export interface ManyPurged {
  readonly entries: number;
  /** The first purge, when all entries were alive, in ms. */
  readonly firstMs: number;
  /** All purges, with the entries in Redis, in ms. */
  readonly ms: Spread;
}

/** How many requests are under way at once. */
const AT_ONCE = 200;
const PURGES = 21;
/** How many of the entries are asked for after the purges, which is when none of them may be a hit. */
const ASKED = 1000;

/** Stores many entries under one tag, and purges the tag several times. */
export async function purgeMany(redis: RedisServer, entries: number): Promise<ManyPurged> {
  const client = new Redis(redis.url);
  const cache = createCache({ store: redisStore(client), storeTimeout: 10 });
  const options = { ttl: 86_400, tags: [TAG], route: "GET /items/{id}" };
  const route = cacheRoute(cache, options, () => Response.json({ stored: true }));
  const ask = async (id: number): Promise<boolean> => {
    const response = await route(new Request(`http://localhost/items/${id}`));
    await response.arrayBuffer();
    return response.headers.get("x-cache") === "HIT";
  };
  try {
    await fill(entries, ask, redis);
    const took: number[] = [];
    for (let purge = 0; purge < PURGES; purge++) {
      const startedAt = sharedNow();
      await cache.invalidate({ tag: TAG });
      took.push(sharedNow() - startedAt);
    }
    const hits = await Promise.all(
      Array.from({ length: Math.min(ASKED, entries) }, (_, index) =>
        ask(Math.floor((index * entries) / ASKED)),
      ),
    );
    if (hits.includes(true)) throw new Error("an entry outlived its purge");
    return { entries, firstMs: took[0] ?? NaN, ms: spreadOf(took) };
  } finally {
    client.disconnect();
  }
}

/** Asks for all until all are stored: a response is sent before it is stored, and a busy store may drop it. */
async function fill(
  entries: number,
  ask: (id: number) => Promise<boolean>,
  redis: RedisServer,
): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    for (let at = 0; at < entries; at += AT_ONCE) {
      const some = Math.min(AT_ONCE, entries - at);
      await Promise.all(Array.from({ length: some }, (_, index) => ask(at + index)));
    }
    await delay(1000);
    // With them, Redis has the log of invalidations.
    if (Number(await redis.command("DBSIZE")) > entries && (await ask(0))) return;
  }
  throw new Error(`the ${entries} entries cannot be stored`);
}
