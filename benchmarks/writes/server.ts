// A process with a list that is cached, and with writes to it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createCache, memoryStore } from "caching-route";
import type { Cache, Invalidated, Store } from "caching-route";
import { engineOf } from "caching-route/adapter";
import type { Engine } from "caching-route/adapter";
import { cacheRoute as expressRoute, invalidates } from "caching-route/express";
import { cacheRoute as fastifyPlugin } from "caching-route/fastify";
import express from "express";
import Fastify from "fastify";
import { answerParent } from "../messages.ts";
import type { Setting } from "./setting.ts";
import { STORE_MS } from "./setting.ts";

const setting = JSON.parse(process.argv[2] ?? "{}") as Setting;

/** A store that takes its time for each call. */
function slowStore(): Store {
  const inner = memoryStore();
  return {
    name: "slow",
    shared: false,
    get: async (...asked) => delay(STORE_MS).then(() => inner.get(...asked)),
    set: async (entry) => delay(STORE_MS).then(() => inner.set(entry)),
    delete: async (...asked) => delay(STORE_MS).then(() => inner.delete(...asked)),
    clear: async () => delay(STORE_MS).then(() => inner.clear()),
  };
}

/** The same cache, whose invalidations take effect as late as those that have to reach other processes. */
function sharedCache(cache: Cache): Cache {
  const engine = engineOf(cache);
  const late: Engine = {
    policy: engine.policy,
    begin: engine.begin,
    arrival: engine.arrival,
    invalidates: (tags, context) => {
      const invalidate = engine.invalidates(tags, context);
      return async (end, ...given) => {
        await delay(STORE_MS);
        await invalidate(end, ...given);
      };
    },
  };
  const invalidate = async (which: { readonly tag: string }): Promise<Invalidated> => {
    await delay(STORE_MS);
    return cache.invalidate(which);
  };
  const own = Object.getOwnPropertySymbols(cache).find((symbol) => {
    return (cache as unknown as Record<symbol, unknown>)[symbol] === engine;
  });
  return { ...cache, invalidate, [own as symbol]: late } as Cache;
}

let version = 0;
const read = async (): Promise<{ version: number }> => {
  const found = version;
  await delay(1);
  return { version: found };
};
const write = async (): Promise<number> => {
  await delay(1);
  return ++version;
};

/** The response to a write, in two parts. */
async function* parts(written: number): AsyncGenerator<string> {
  yield `${written}\n`;
  await delay(STORE_MS);
  yield "done\n";
}

const store = setting.store === "slow" ? slowStore() : memoryStore();
const local = createCache({ store, reporter: false });
const cache = setting.store === "tiered" ? sharedCache(local) : local;
const isHook = setting.way === "hook";
const isStreamed = setting.response === "streamed";

async function onFastify(): Promise<number> {
  const app = Fastify();
  await app.register(fastifyPlugin, { cache });
  app.get("/list", { cache: { ttl: 60, tags: ["list"] } }, read);
  app.post(
    "/list",
    isHook
      ? { onResponse: async () => void (await cache.invalidate({ tag: "list" })) }
      : { cache: { invalidates: ["list"] } },
    async (_request, reply) => {
      const written = await write();
      reply.header("x-version", written);
      return isStreamed ? Readable.from(parts(written)) : { version: written };
    },
  );
  await app.listen({ port: 0, host: "127.0.0.1" });
  return (app.server.address() as AddressInfo).port;
}

async function onExpress(): Promise<number> {
  const app = express();
  app.get("/list", expressRoute(cache, { ttl: 60, tags: ["list"] }), async (_req, res) => {
    res.json(await read());
  });
  const byHand: express.RequestHandler = (_req, res, next) => {
    res.on("finish", () => void cache.invalidate({ tag: "list" }));
    next();
  };
  app.post("/list", isHook ? byHand : invalidates(cache, { tags: ["list"] }), async (_req, res) => {
    const written = await write();
    res.set("x-version", String(written));
    if (isStreamed) Readable.from(parts(written)).pipe(res);
    else res.json({ version: written });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const port = await (setting.framework === "fastify" ? onFastify() : onExpress());
answerParent(() => port);
