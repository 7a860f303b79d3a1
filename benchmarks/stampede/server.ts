// A process with one contender in it.
import type { AddressInfo } from "node:net";
import { answerParent } from "../messages.ts";
import { Origin } from "./content.ts";
import type { ContenderName, MakeContender } from "./contenders.ts";
import type { ServerOrder } from "./messages.ts";
import { Watch } from "./watch.ts";

const makers: Record<ContenderName, () => Promise<MakeContender>> = {
  bare: async () => (await import("./contenders/bare.ts")).makeBare,
  fastify: async () => (await import("./contenders/fastify.ts")).makeFastify,
  "floor-fastify": async () => (await import("./contenders/fastify.ts")).makeFastifyFloor,
  express: async () => (await import("./contenders/express.ts")).makeExpress,
  "floor-express": async () => (await import("./contenders/express.ts")).makeExpressFloor,
  apicache: async () => (await import("./contenders/express.ts")).makeApicache,
  nest: async () => (await import("./contenders/nest.ts")).makeNest,
  fetch: async () => (await import("./contenders/fetch.ts")).makeFetch,
  "floor-fetch": async () => (await import("./contenders/fetch.ts")).makeFetchFloor,
  ocache: async () => (await import("./contenders/fetch.ts")).makeOcache,
};

const { contender, handlerMs } = JSON.parse(process.argv[2] ?? "{}") as ServerOrder;
const origin = new Origin(handlerMs);
const make = await makers[contender]();
const server = await make(origin);
// Connections stay open from burst to burst.
server.keepAliveTimeout = 600_000;
const { port } = server.address() as AddressInfo;
const watch = new Watch(server, origin);

answerParent((question): unknown => {
  if (question === "address") return port;
  if (question === "result") return watch.result();
  return watch.begin();
});
