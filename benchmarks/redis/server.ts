// A process with one contender in it, and nothing of the others: their type feedback would mix.
import type { AddressInfo } from "node:net";
import { answerAsServer } from "../measure.ts";
import type { ContenderName, ServerOrder } from "./contenders.ts";
import { Origin } from "./contenders/contender.ts";
import type { MakeContender } from "./contenders/contender.ts";

const makers: Record<ContenderName, () => Promise<MakeContender>> = {
  bare: async () => (await import("./contenders/bare.ts")).makeBare,
  ours: async () => (await import("./contenders/ours.ts")).makeOurs,
  nest: async () => (await import("./contenders/nest.ts")).makeNest,
  ocache: async () => (await import("./contenders/ocache.ts")).makeOcache,
};

const order = JSON.parse(process.argv[2] ?? "{}") as ServerOrder;
const origin = new Origin();
const make = await makers[order.contender]();
const server = await make(order, origin);
const { port } = server.address() as AddressInfo;

answerAsServer(port, () => origin.runs);
