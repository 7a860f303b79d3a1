// A process with one contender in it, and nothing of the others: their type feedback would mix.
import type { AddressInfo } from "node:net";
import { answerAsServer } from "../measure.ts";
import { Origin } from "./contenders.ts";
import type { FrameworkName, Makers, ServerOrder } from "./contenders.ts";

const modules: Record<FrameworkName, () => Promise<{ readonly makers: Makers }>> = {
  fastify: () => import("./contenders/fastify.ts"),
  express: () => import("./contenders/express.ts"),
  hono: () => import("./contenders/hono.ts"),
  koa: () => import("./contenders/koa.ts"),
  nestjs: async () => ({ makers: (await import("./contenders/nestjs.ts")).makersOn("express") }),
  "nestjs-fastify": async () => ({ makers: (await import("./contenders/nestjs.ts")).makersOn("fastify") }),
  fetch: () => import("./contenders/fetch.ts"),
  h3: () => import("./contenders/h3.ts"),
};

const order = JSON.parse(process.argv[2] ?? "{}") as ServerOrder;
const origin = new Origin(order);
const { [order.contender]: make } = (await modules[order.framework]()).makers;
if (make === undefined) throw new Error(`${order.framework} has no ${order.contender}`);
const server = await make(origin);
// Idle connections are kept for longer than a contender waits for its turn.
server.keepAliveTimeout = 600_000;

answerAsServer((server.address() as AddressInfo).port, () => origin.runs);
