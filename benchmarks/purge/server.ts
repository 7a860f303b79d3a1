// One of two nodes with one Redis: resources under one tag, whose data has a version.
import { setTimeout as delay } from "node:timers/promises";
import { createCache } from "caching-route";
import type { Clock } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import { redisStore } from "caching-route/stores/redis";
import fastify from "fastify";
import { Redis } from "ioredis";
import { answerParent } from "../messages.ts";
import { handlerMs, sharedNow, STALL_EVERY_MS, STATE_FIELD, TAG } from "./setting.ts";
import type { NodeOrder, Purge } from "./setting.ts";

const { redis, aheadMs = 0, stallMs = 0 } = JSON.parse(process.argv[2] ?? "{}") as NodeOrder;

const clock: Clock = {
  now: () => Date.now() + aheadMs,
  schedule(callback, delayMs) {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** Where the data is that the handlers read: what both nodes see of it is always the newest. */
const database = new Redis(redis);
const cache = createCache({ store: redisStore(new Redis(redis)), clock });

const app = fastify({ keepAliveTimeout: 600_000 });
await app.register(cacheRoute, { cache });
app.addHook("onSend", async (_request, reply, payload) => {
  reply.header(STATE_FIELD, cache.stats().store.state);
  return payload;
});
app.get<{ Params: { id: string } }>(
  "/items/:id",
  { cache: { ttl: 86_400, tags: [TAG] } },
  async ({ params }) => {
    const version = Number(await database.get("version"));
    await delay(handlerMs(Number(params.id)));
    return { version };
  },
);
const port = Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);

/** Writes the data, and then purges. */
async function purge(): Promise<Omit<Purge, "node">> {
  const version = await database.incr("version");
  const startedAt = sharedNow();
  const { everywhere } = await cache.invalidate({ tag: TAG });
  return { version, startedAt, resolvedAt: sharedNow(), everywhere };
}

function stall(): void {
  const endsAt = sharedNow() + stallMs;
  while (sharedNow() < endsAt);
}

if (stallMs > 0) setInterval(stall, STALL_EVERY_MS);
answerParent((question) => (question === "address" ? port : purge()));
