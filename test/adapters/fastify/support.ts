import { setImmediate as turn } from "node:timers/promises";
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyServerOptions } from "fastify";
import { onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import type { OpenAnswer } from "../../../src/testing/adapter-contract/client.ts";
import { chaosStore, testClock } from "../../../src/testing/index.ts";
import type { ChaosStore, TestClock } from "../../../src/testing/index.ts";

/** An application with a cache that is not registered yet. */
export interface Site {
  readonly app: FastifyInstance;
  readonly cache: Cache;
  /** Registers the cache's plugin. */
  register(): Promise<void>;
  /** Listens, once, and asks over a real socket. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
}

/** A response with its content read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly cache: string | null;
}

/** Makes a site that is closed when the test is over. */
export function site(options: CacheOptions = {}, server: FastifyServerOptions = {}): Site {
  const app = Fastify({ forceCloseConnections: true, ...server });
  const cache = createCache({ reporter: false, ...options });
  onTestFinished(() => app.close());
  let origin: Promise<string> | undefined;
  return {
    app,
    cache,
    register: async () => {
      await app.register(cacheRoute, { cache });
    },
    async ask(path, init) {
      origin ??= app.listen({ port: 0, host: "127.0.0.1" });
      const response = await fetch((await origin) + path, init);
      const body = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body,
        cache: response.headers.get("x-cache"),
      };
    },
  };
}

export type Prepare = (app: FastifyInstance) => void;
export type Send = (reply: FastifyReply) => unknown;

/** A site with one cached route, `/a`; `prepare` is called before the cache is registered. */
export async function prepared(
  send: Send,
  prepare: Prepare = () => undefined,
  response?: unknown,
): Promise<Site> {
  const at = site();
  prepare(at.app);
  await at.register();
  const schema = response === undefined ? {} : { schema: { response } };
  at.app.get("/a", { cache: { ttl: 60 }, ...schema }, async (_request, reply) => send(reply));
  return at;
}

/** Asks twice for `/a`: a miss, and then a hit where it is stored. */
export async function twice({ ask }: Site): Promise<readonly [Answer, Answer]> {
  return [await ask("/a"), await ask("/a")];
}

/** The cache's word and the content of each answer. */
export function wordsOf(answers: readonly Answer[]): unknown {
  return answers.map(({ cache, body }) => [cache, body]);
}

/** The words of a miss and of a hit with the same content. */
export function missThenHit(body: string): unknown {
  return [
    ["MISS", body],
    ["HIT", body],
  ];
}

/** An application that listens, whose clock stands still and whose store counts its calls. */
export interface Stage {
  readonly app: FastifyInstance;
  readonly cache: Cache;
  readonly clock: TestClock;
  readonly store: ChaosStore;
  /** What the cache told `onError`. */
  readonly errors: readonly unknown[];
  readonly client: Client;
  /** How many connections the server knows to be closed. */
  readonly closed: () => number;
}

/** Makes such an application, with the cache registered after `prepare`, and the routes that `declare` adds. */
export async function stage(
  declare: (app: FastifyInstance) => void,
  prepare: (app: FastifyInstance) => unknown = () => undefined,
  server: FastifyServerOptions = {},
): Promise<Stage> {
  const clock = testClock();
  const store = chaosStore(memoryStore({ maxBytes: 64 * 1024 * 1024 }), { clock });
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const { app, cache, register } = site({ clock, store, onError }, server);
  let closed = 0;
  app.server.on("connection", (socket) => socket.once("close", () => closed++));
  await prepare(app);
  await register();
  declare(app);
  const client = new Client(await app.listen({ port: 0, host: "127.0.0.1" }), 30_000);
  onTestFinished(() => client.close());
  return { app, cache, clock, store, errors, client, closed: () => closed };
}

/** Something that is waited for until it is opened. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  onTestFinished(() => open());
  return { opened, open };
}

/** Waits until something has happened that no client can see; the runner gives up what never does. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await turn();
}

/** Waits until a number has not changed for two hundred turns of the event loop. */
export async function settled(value: () => number): Promise<void> {
  let last = value();
  for (let turns = 0; turns < 200; turns++) {
    await turn();
    if (value() !== last) turns = 0;
    last = value();
  }
}

/** What is left of an answer. */
export async function rest(answer: OpenAnswer): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let part = await answer.next(); part !== undefined; part = await answer.next()) parts.push(part);
  return Buffer.concat(parts);
}

/** Does the same thing so many times at the same time. */
export function times<Value>(count: number, make: () => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: count }, make));
}
