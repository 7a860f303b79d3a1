// A process with one contender in it, and nothing of the others: their type feedback would mix.
import { setImmediate as turn } from "node:timers/promises";
import { PATH } from "./contenders/contender.ts";
import type { ContenderName, MakeContender, ServerOrder } from "./contenders/contender.ts";
import { answerParent } from "./messages.ts";
import type { ServerUsage } from "./messages.ts";

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

/** Enough for V8 to let go of the object shapes that nothing holds at the moment. */
const COLLECTIONS = 5;

/**
 * Brings the process to where every server is that has once been collected while it had nothing to do.
 *
 * V8 lets go of shapes that no object has, and with that of Node's of a `process.nextTick` entry, whose making is
 * then five times as dear for as long as the process lives. Whether that happens in a short run is chance.
 */
async function settle(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("a server has to be started with --expose-gc");
  for (let done = 0; done < COLLECTIONS; done++) {
    await turn();
    globalThis.gc();
  }
}

answerParent(async (question): Promise<unknown> => {
  if (question === "address") return { port, path: PATH };
  if (question === "settle") return settle();
  const { user, system } = process.cpuUsage();
  const usage: ServerUsage = { cpuMicros: user + system, handlerRuns: handlerRuns() };
  return usage;
});
