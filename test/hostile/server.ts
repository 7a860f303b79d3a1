// One application in a process of its own, so that an error that nobody catches is seen as the process's end.
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createCache } from "../../src/index.ts";
import { expressServer } from "./express.ts";
import { fastifyServer } from "./fastify.ts";
import { fetchServer } from "./fetch.ts";
import { h3Server } from "./h3.ts";
import { honoServer } from "./hono.ts";
import { koaServer } from "./koa.ts";
import { nestServer } from "./nestjs.ts";
import { Site, WAIT_MS } from "./site.ts";

const [framework = "", caching] = process.argv.slice(2);
const site = new Site();
const cache =
  caching === "without-cache"
    ? undefined
    : createCache({ reporter: false, onError: () => undefined, defaults: { maxWait: WAIT_MS / 1000 } });

async function start(): Promise<Server> {
  if (framework === "fastify") {
    const app = await fastifyServer(site, cache);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server;
  }
  if (framework === "fetch") return fetchServer(site, cache);
  if (framework === "h3") return h3Server(site, cache);
  if (framework === "nestjs" || framework === "nestjs-fastify") return nestServer(framework, site, cache);
  const server = serverOf(framework);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function serverOf(framework: string): Server {
  if (framework === "hono") return honoServer(site, cache);
  if (framework === "koa") return koaServer(site, cache);
  return expressServer(framework as "express" | "express4", site, cache);
}

const tell = (message: object): void => void process.send?.(message);
const server = await start();
server.on("connection", (socket: Socket) => {
  const { remotePort: port } = socket;
  const acceptedAt = performance.now();
  socket.once("close", () => {
    tell({ kind: "closed", port, ageMs: performance.now() - acceptedAt, progress: site.progress });
  });
});
process.on("warning", (warning) => tell({ kind: "warning", text: String(warning.stack) }));
process.on("message", () => {
  server.getConnections((_error, connections) => {
    tell({ kind: "state", underWay: site.underWay, connections, stats: cache?.stats() });
  });
});
process.once("disconnect", () => process.exit(0));
tell({ kind: "ready", port: (server.address() as AddressInfo).port });
