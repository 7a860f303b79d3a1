import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { RequestHandler } from "express";
import Fastify from "fastify";
import type { FastifyRequest } from "fastify";
import { defineHandler, H3 } from "h3";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as onExpress, invalidates as writeOnExpress } from "../../src/adapters/express.ts";
import { cacheRoute as onFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as onFetch } from "../../src/adapters/fetch.ts";
import { cacheRoute as onH3, invalidates as writeOnH3 } from "../../src/adapters/h3.ts";
import { createCache } from "../../src/index.ts";
import { listen } from "./harness/h3.ts";

const OPTIONS = { ttl: 60, tags: ["todo"] };

/** Data that a guard reads for a handler: at the first read the guard goes on once `write` has changed it. */
class Todo {
  #text = "old";
  #reads = 0;
  #goOn = (): void => undefined;
  #begun = (): void => undefined;
  readonly #written = new Promise<void>((resolve) => (this.#goOn = resolve));
  /** Resolves when the guard has read. */
  readonly isRead = new Promise<void>((resolve) => (this.#begun = resolve));

  async read(): Promise<string> {
    const text = this.#text;
    this.#begun();
    if (this.#reads++ === 0) await this.#written;
    return text;
  }

  write(): void {
    this.#text = "new";
  }

  release(): void {
    this.#goOn();
  }
}

const held = new WeakMap<object, string>();

/** Reads the todo while it is written, then twice again. Returns these two responses. */
async function readAround(
  todo: Todo,
  origin: string,
): Promise<readonly (readonly [string, string | null])[]> {
  const read = async (): Promise<readonly [string, string | null]> => {
    const response = await fetch(`${origin}/todo`);
    return [await response.text(), response.headers.get("x-cache")];
  };
  const first = read();
  await todo.isRead;
  await fetch(`${origin}/todo`, { method: "POST" });
  todo.release();
  await first;
  return [await read(), await read()];
}

const NEW = [
  ["new", "MISS"],
  ["new", "HIT"],
];

async function originOf(listener: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(listener as never).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("what a guard has read before a write is not stored", () => {
  const guardOf =
    (todo: Todo): RequestHandler =>
    async (req, _res, next) => {
      held.set(req, await todo.read());
      next();
    };
  const handler: RequestHandler = (req, res) => void res.send(held.get(req));

  function writing(app: express.Express, todo: Todo, cache: ReturnType<typeof createCache>): void {
    app.post("/todo", writeOnExpress(cache, { tags: ["todo"] }), (_req, res) => {
      todo.write();
      res.sendStatus(204);
    });
  }

  it("on Express, in `before`", async () => {
    const [app, todo, cache] = [express(), new Todo(), createCache()];
    app.get("/todo", onExpress(cache, { ...OPTIONS, before: [guardOf(todo)] }), handler);
    writing(app, todo, cache);

    expect(await readAround(todo, await originOf(app))).toEqual(NEW);
  });

  it("on Express, by middleware in front, once the cache has seen a request of the server", async () => {
    const [app, todo, cache] = [express(), new Todo(), createCache()];
    app.get("/todo", guardOf(todo), onExpress(cache, OPTIONS), handler);
    app.get("/other", onExpress(cache, OPTIONS), handler);
    writing(app, todo, cache);
    const origin = await originOf(app);
    await fetch(`${origin}/other`);

    const seen = await readAround(todo, origin);

    expect(seen).toEqual(NEW);
  });

  it.each(["onRequest", "preHandler"] as const)("on Fastify, by an %s hook", async (hook) => {
    const [app, todo, cache] = [Fastify(), new Todo(), createCache()];
    await app.register(onFastify, { cache });
    const guard = async (request: FastifyRequest): Promise<void> => {
      if (request.method === "GET") held.set(request, await todo.read());
    };
    app.addHook(hook, guard);
    app.get("/todo", { cache: OPTIONS }, async (request) => held.get(request));
    app.post("/todo", { cache: { invalidates: ["todo"] } }, async (_request, reply) => {
      todo.write();
      return reply.code(204).send();
    });
    onTestFinished(() => app.close());

    expect(await readAround(todo, await app.listen({ port: 0, host: "127.0.0.1" }))).toEqual(NEW);
  });

  it("on h3, by middleware of the handler's definition", async () => {
    const [app, todo, cache] = [new H3(), new Todo(), createCache()];
    const guarded = defineHandler({
      middleware: [async (event) => void held.set(event, await todo.read())],
      handler: (event) => held.get(event),
    });
    app.get("/todo", onH3(cache, OPTIONS, guarded));
    app.post(
      "/todo",
      writeOnH3(cache, { tags: ["todo"] }, () => todo.write()),
    );
    const { origin, close } = await listen(app);
    onTestFinished(close);

    expect(await readAround(todo, origin)).toEqual(NEW);
  });

  it("by a guard in `before` of a fetch handler", async () => {
    const [todo, cache] = [new Todo(), createCache()];
    let shown = "";
    const before = [async () => void (shown = await todo.read())];
    const route = onFetch(cache, { ...OPTIONS, before }, async () => new Response(shown));
    const read = async (): Promise<readonly [string, string | null]> => {
      const response = await route(new Request("http://a/todo"));
      return [await response.text(), response.headers.get("x-cache")];
    };
    const first = read();
    await todo.isRead;
    todo.write();
    await cache.invalidate({ tag: "todo" });
    todo.release();
    await first;

    expect([await read(), await read()]).toEqual(NEW);
  });
});
