import { Agent, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { cacheRoute } from "../../src/adapters/fastify.ts";
import { createCache } from "../../src/index.ts";
import type { Cache, CacheOptions, Store } from "../../src/index.ts";
import { redisStore } from "../../src/stores/redis.ts";
import type { RedisClient } from "../../src/stores/redis.ts";
import { startRedis } from "../support/redis-servers.ts";
import type { RedisServer } from "../support/redis-servers.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";

/** A client of Redis that is connected. */
export interface Connected {
  readonly client: RedisClient & { on(event: "ready", listener: () => void): unknown };
  close(): unknown;
}

/** Makes a client of one library. It is told the address of a proxy. */
export type Connect = (address: { readonly host: string; readonly port: number }) => Promise<Connected>;

/** What became of a request. */
export interface Answer {
  /** The value of `X-Cache`: HIT or MISS. Undefined: there was no response. */
  readonly cache: string | undefined;
  /** What is wrong with it. Undefined: it is what the handler could have sent. */
  readonly fault: string | undefined;
  /** When it was sent, and for how long it took, in ms. */
  readonly at: number;
  readonly ms: number;
}

/** The methods of a store, by how often they were called. */
export type Calls = Record<"get" | "set" | "delete" | "read" | "add", number>;

/** How many requests can be under way. */
export const MOST_AT_ONCE = 100;

/** How long a handler takes, in ms. */
const HANDLER_MS = 5;

/** An application with a cache in Redis, behind a proxy, and what asks it. */
export class Site {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  readonly cache: Cache;
  readonly calls: Calls;
  readonly store: Store;
  /** When the client was last ready. */
  readyAt = 0;
  #runs = 0;
  readonly #app: FastifyInstance;
  readonly #client: Connected;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MOST_AT_ONCE });
  /** The version of each item: that of its data, and the last one whose invalidation was awaited. */
  readonly #versions = new Map<string, { data: number; awaited: number }>();

  private constructor(server: RedisServer, proxy: TcpProxy, client: Connected, options: CacheOptions) {
    this.server = server;
    this.proxy = proxy;
    this.#client = client;
    client.client.on("ready", () => (this.readyAt = performance.now()));
    const { store, calls } = counted(redisStore(client.client));
    this.store = store;
    this.calls = calls;
    this.cache = createCache({ store, reporter: false, ...options });
    this.#app = fastify();
  }

  static async start(connect: Connect, options: CacheOptions = {}): Promise<Site> {
    const server = await startRedis();
    const proxy = await startTcpProxy(server);
    const site = new Site(server, proxy, await connect(proxy), options);
    await site.#listen();
    return site;
  }

  /** How often a handler ran. */
  get runs(): number {
    return this.#runs;
  }

  async #listen(): Promise<void> {
    await this.#app.register(cacheRoute, { cache: this.cache });
    this.#app.get<{ Params: { id: string } }>(
      "/items/:id",
      { cache: { ttl: 3600, tags: ({ params }: { params: { id: string } }) => [`item:${params.id}`] } },
      async ({ params: { id } }) => {
        this.#runs++;
        const { data } = this.#versionOf(id);
        await sleep(HANDLER_MS);
        return { id, version: data, filling: "x".repeat(1000) };
      },
    );
    await this.#app.listen({ port: 0, host: "127.0.0.1" });
  }

  /** Asks for an item. */
  async ask(id: string): Promise<Answer> {
    const { awaited } = this.#versionOf(id);
    const at = performance.now();
    try {
      const { status, cache, text } = await this.#get(`/items/${id}`);
      return { cache, fault: faultOf(status, text, id, awaited), at, ms: performance.now() - at };
    } catch (error) {
      return { cache: undefined, fault: `no response: ${String(error)}`, at, ms: performance.now() - at };
    }
  }

  /** Asks for items, this many at a time. */
  async askAll(ids: readonly string[], atOnce = 10): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    for (let from = 0; from < ids.length; from += atOnce)
      answers.push(...(await Promise.all(ids.slice(from, from + atOnce).map(async (id) => this.ask(id)))));
    return answers;
  }

  /** Changes the data of an item, and invalidates it. */
  async change(id: string): Promise<{ readonly everywhere: boolean; readonly ms: number }> {
    const version = this.#versionOf(id);
    const data = ++version.data;
    const at = performance.now();
    const { everywhere } = await this.cache.invalidate({ tag: `item:${id}` });
    version.awaited = Math.max(version.awaited, data);
    return { everywhere, ms: performance.now() - at };
  }

  /** Asks for an item until it is a hit. Returns when that was. */
  async firstHit(id: string, giveUpMs = 20_000): Promise<number> {
    const giveUpAt = performance.now() + giveUpMs;
    for (;;) {
      const { cache, fault } = await this.ask(id);
      if (fault !== undefined) throw new Error(fault);
      if (cache === "HIT") return performance.now();
      if (performance.now() > giveUpAt) throw new Error(`no hit within ${giveUpMs} ms`);
      await sleep(5);
    }
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#app.close();
    await this.cache.close();
    await this.#client.close();
    await this.proxy.close();
    await this.server.stop();
  }

  #versionOf(id: string): { data: number; awaited: number } {
    let version = this.#versions.get(id);
    if (version === undefined) this.#versions.set(id, (version = { data: 1, awaited: 1 }));
    return version;
  }

  #get(path: string): Promise<{ status: number; cache: string | undefined; text: string }> {
    const { port } = this.#app.server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const call = send({ port, host: "127.0.0.1", path, agent: this.#agent }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (text += part));
        response.once("end", () => {
          const cache = response.headers["x-cache"];
          resolve({
            status: response.statusCode ?? 0,
            cache: cache === undefined ? cache : String(cache),
            text,
          });
        });
        response.once("error", reject);
      });
      call.once("error", reject);
      call.end();
    });
  }
}

/** What is wrong with a response, if anything is. */
function faultOf(status: number, text: string, id: string, awaited: number): string | undefined {
  if (status !== 200) return `status ${status}: ${text}`;
  try {
    const item = JSON.parse(text) as {
      readonly id: string;
      readonly version: number;
      readonly filling: string;
    };
    if (item.id !== id || item.filling.length !== 1000) return `the response of another request: ${text}`;
    return item.version < awaited ? `version ${item.version} after ${awaited} was invalidated` : undefined;
  } catch {
    return `a damaged response: ${text}`;
  }
}

function counted(store: Store): { readonly store: Store; readonly calls: Calls } {
  const calls: Calls = { get: 0, set: 0, delete: 0, read: 0, add: 0 };
  const called = <T>(name: keyof Calls, result: T): T => {
    calls[name]++;
    return result;
  };
  const { name, shared, marks } = store;
  return {
    calls,
    store: {
      name,
      shared,
      get: (...given) => called("get", store.get(...given)),
      set: (entry) => called("set", store.set(entry)),
      delete: (...given) => called("delete", store.delete(...given)),
      clear: () => store.clear(),
      ...(marks && {
        marks: {
          read: (from) => called("read", marks.read(from)),
          add: (...given) => called("add", marks.add(...given)),
        },
      }),
    },
  };
}
