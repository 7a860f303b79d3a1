import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import express from "express";
import Fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as expressRoute } from "../../../src/adapters/express.ts";
import { cacheRoute as fastifyPlugin } from "../../../src/adapters/fastify.ts";
import { createCache, memoryStore } from "../../../src/index.ts";
import type { Cache, Read, Store } from "../../../src/index.ts";

/** A store that reads content again for each lookup, as those beyond the process do. */
function rereading(): Store {
  const inner = memoryStore();
  return {
    name: "rereading",
    shared: false,
    get: (key, choose, look) => {
      const read = inner.get(key, choose, look) as Read | undefined;
      return read?.body === undefined ? read : { ...read, body: Buffer.from(read.body) };
    },
    set: (entry) => inner.set(entry),
    delete: (key, position) => inner.delete(key, position),
    clear: () => inner.clear(),
  };
}

const type = "text/plain; charset=utf-8";

/** Servers whose one path sends bytes. */
const servers: Readonly<Record<string, (cache: Cache, content: Buffer) => Promise<Server>>> = {
  Fastify: async (cache, content) => {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(fastifyPlugin, { cache });
    app.get("/", { cache: { ttl: 60 } }, async (_request, reply) => reply.type(type).send(content));
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server;
  },
  Express: async (cache, content) => {
    const app = express();
    app.get("/", expressRoute(cache, { ttl: 60 }), (_req, res) => void res.type(type).send(content));
    const server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  },
};

const contents: readonly (readonly [string, string, number])[] = [
  ["small ASCII together with the head", "a".repeat(1024), 1],
  ["large ASCII as bytes", "a".repeat(9000), 2],
  ["text beyond ASCII as bytes", "größe", 2],
];

describe.each(Object.entries(servers))("a hit on %s whose content was read again is sent", (_name, serve) => {
  it.each(contents)("%s", async (_what, content, expected) => {
    const server = await serve(createCache({ store: rereading(), reporter: false }), Buffer.from(content));
    onTestFinished(() => void server.close());
    let writes = 0;
    server.on("connection", (socket) => {
      const { write } = socket;
      socket.write = (...args: readonly unknown[]) => {
        // Node ends a response with an empty write.
        if (args[0] !== "") writes++;
        return Reflect.apply(write, socket, args) as boolean;
      };
    });
    const { port } = server.address() as { port: number };
    const seen: unknown[] = [];
    for (let asked = 0; asked < 3; asked++) {
      writes = 0;
      const response = await fetch(`http://127.0.0.1:${port}/`);
      seen.push([response.headers.get("x-cache"), await response.text(), writes]);
    }

    expect(seen.at(-1)).toEqual(["HIT", content, expected]);
  });
});
