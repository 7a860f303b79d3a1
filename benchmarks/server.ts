// A process with one contender in it, and nothing of the others: their type feedback would mix.
import { PATH } from "./contenders/contender.ts";
import type { ContenderName, MakeContender, ServerOrder } from "./contenders/contender.ts";
import { answerAsServer } from "./measure.ts";

const makers: Record<ContenderName, () => Promise<MakeContender>> = {
  ours: async () => (await import("./contenders/ours.ts")).makeOurs,
  buffer: async () => (await import("./contenders/buffer.ts")).makeBuffer,
  object: async () => (await import("./contenders/object.ts")).makeObject,
  "lru-hook": async () => (await import("./contenders/lru-hook.ts")).makeLruHook,
};

const order = JSON.parse(process.argv[2] ?? "{}") as ServerOrder;
const make = await makers[order.contender]();
const { app, handlerRuns } = await make(order);
const port = Number(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);

answerAsServer({ port, path: PATH }, handlerRuns);
