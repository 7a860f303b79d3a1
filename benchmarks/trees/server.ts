// A process with one tree in it, on one framework, or none at all. It serves `PATH` with any number behind it.
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type * as entry from "caching-route";
import type { Cache } from "caching-route";
import type * as adapterEntry from "caching-route/adapter";
import type * as expressAdapter from "caching-route/express";
import type * as fastifyAdapter from "caching-route/fastify";
import type * as fetchAdapter from "caching-route/fetch";
import express from "express";
import fastify from "fastify";
import { serve } from "../../examples/fetch/serve.ts";
import { answerParent } from "../messages.ts";
import type { ServerUsage } from "../messages.ts";
import { payloadOf } from "../payload.ts";
import { PATH } from "./messages.ts";
import type { LoopOrder, TreeOrder } from "./messages.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as TreeOrder;
const isStream = order.kind === "stream";
const payload = payloadOf(1024, "rows");
const text = JSON.stringify(payload);
const options = { ttl: 3600 };
/** Fewer than a slice asks for, so that each miss also puts one entry out. */
const MOST_ENTRIES = 1000;
let runs = 0;

/** A module of the tree that is measured. */
async function ofTree<Module>(tree: string, name: string): Promise<Module> {
  return (await import(pathToFileURL(join(tree, "dist", name)).href)) as Module;
}

async function cacheOf(tree: string): Promise<Cache> {
  const { createCache, memoryStore } = await ofTree<typeof entry>(tree, "index.js");
  return createCache({ store: memoryStore({ maxEntries: MOST_ENTRIES }) });
}

/** Four parts of 4 KB. */
function parts(): string[] {
  return Array.from({ length: 4 }, (_, index) => String(index).repeat(4096));
}

async function onFastify(tree: string | undefined): Promise<number> {
  const app = fastify({ keepAliveTimeout: 600_000 });
  if (tree !== undefined) {
    const { cacheRoute } = await ofTree<typeof fastifyAdapter>(tree, "adapters/fastify.js");
    await app.register(cacheRoute, { cache: await cacheOf(tree) });
  }
  // Older trees read the options in `config`, where newer ones refuse them.
  const isOlder = tree !== undefined && !existsSync(join(tree, "dist/adapters/fastify/route-mark.js"));
  const marked: object = isOlder ? { config: { cache: options } } : { cache: options };
  app.get(PATH, marked, (_request, reply) => {
    runs++;
    if (isStream) return reply.type("text/plain").send(Readable.from(parts()));
    return reply.send(payload);
  });
  return Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
}

async function onExpress(tree: string | undefined): Promise<number> {
  const app = express();
  app.set("etag", false);
  const cached =
    tree === undefined
      ? []
      : [
          (await ofTree<typeof expressAdapter>(tree, "adapters/express.js")).cacheRoute(
            await cacheOf(tree),
            options,
          ),
        ];
  app.get(PATH, ...cached, (_req, res) => {
    runs++;
    if (isStream) Readable.from(parts()).pipe(res.type("text/plain"));
    else res.json(payload);
  });
  const server = createServer({ keepAliveTimeout: 600_000 }, app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function onFetch(tree: string | undefined): Promise<number> {
  const plain = (): Response => {
    runs++;
    if (!isStream) return Response.json(payload);
    const left = parts().map((part) => new TextEncoder().encode(part));
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      const part = left.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    };
    return new Response(new ReadableStream({ pull }), { headers: { "content-type": "text/plain" } });
  };
  const handler =
    tree === undefined
      ? plain
      : (await ofTree<typeof fetchAdapter>(tree, "adapters/fetch.js")).cacheRoute(
          await cacheOf(tree),
          options,
          plain,
        );
  const { server, address } = await serve(handler, 0);
  server.keepAliveTimeout = 600_000;
  return Number(new URL(address).port);
}

/** The core alone, asked as an adapter asks it. */
async function loopOf(tree: string): Promise<(many: number) => void> {
  const { engineOf } = await ofTree<typeof adapterEntry>(tree, "adapter.js");
  const engine = engineOf(await cacheOf(tree));
  const policy = engine.policy(options, { route: `GET ${PATH}` });
  const headers: Record<string, string> = { host: "a.test", accept: "*/*" };
  const hasAny = (names: ReadonlySet<string>): boolean => {
    for (const name in headers) if (names.has(name)) return true;
    return false;
  };
  const body = new TextEncoder().encode(text);
  const fields = [["content-type", "application/json"]] as const;
  let serial = 0;
  return (many) => {
    for (let asked = 0; asked < many; asked++) {
      const target = order.kind === "hit" ? PATH : `${PATH}?n=${serial++}`;
      const decision = engine.begin(
        {
          method: "GET",
          origin: "http://a.test",
          target,
          native: undefined,
          header: (name: string) => headers[name],
          hasAny,
          hasContent: false,
        },
        policy,
      );
      if (decision instanceof Promise || decision.kind === "bypass" || decision.kind === "follow")
        throw new Error("neither a hit nor a miss");
      if (decision.kind === "serve") continue;
      runs++;
      const open = decision.open({ status: 200, fields });
      if (!isStream) {
        open.complete(body);
        continue;
      }
      const { sink } = open.stream();
      for (let part = 0; part < 4; part++) sink?.write(body);
      sink?.end();
    }
  };
}

const { tree, place } = order;
const serving = { fastify: onFastify, express: onExpress, fetch: onFetch };
export const port = place === "core" ? 0 : await serving[place](tree);
export const loop = place === "core" && tree !== undefined ? await loopOf(tree) : undefined;

async function runLoop({ seconds }: LoopOrder): Promise<{ requests: number; seconds: number }> {
  if (loop === undefined) throw new Error("there is no loop on a framework");
  const startedAt = performance.now();
  let requests = 0;
  for (; performance.now() - startedAt < seconds * 1000; requests += 500) {
    loop(500);
    // As in a server, the event loop turns: what is due in a microtask or a timer gets its turn.
    await turn();
  }
  return { requests, seconds: (performance.now() - startedAt) / 1000 };
}

answerParent(async (question): Promise<unknown> => {
  if (question === "address") return { port };
  if (question === "settle") {
    for (let done = 0; done < 5; done++) {
      await turn();
      globalThis.gc?.();
    }
    return undefined;
  }
  if (typeof question === "object") return runLoop(question as LoopOrder);
  const { user, system } = process.cpuUsage();
  const usage: ServerUsage = { cpuMicros: user + system, handlerRuns: runs };
  return usage;
});
