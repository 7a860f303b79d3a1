import { Child } from "../child.ts";
import { handlerTimeOf } from "./content.ts";
import type { Shape } from "./content.ts";
import { contenderOf, pathOf } from "./contenders.ts";
import type { ContenderName } from "./contenders.ts";
import type { BurstOrder, BurstResult, ServerOrder, ServerResult } from "./messages.ts";
import type { Options } from "./options.ts";

/** One burst on one server, from both sides. */
export interface Burst {
  readonly contender: ContenderName;
  readonly shape: Shape;
  readonly round: number;
  readonly clients: BurstResult;
  readonly server: ServerResult;
}

/** Long enough for the leader's request to have reached the handler. */
const AHEAD_MS = 5;

/** How much longer than the handler a response may take before it counts as lost. */
const PATIENCE_MS = 10_000;

/** Starts a contender's server afresh and lets one crowd after another ask it for what it has never been asked for. */
export async function measure(name: ContenderName, round: number, options: Options): Promise<Burst[]> {
  const { bursts, warmUps, connections, handlerMs } = options;
  const order: ServerOrder = { contender: name, handlerMs };
  const server = new Child("./stampede/server.js", [JSON.stringify(order)], `server "${name}"`);
  const load = new Child("./stampede/load.js", [], "load generator", ["--expose-gc"]);
  try {
    const port = await server.ask<number>("address");
    const measured: Burst[] = [];
    for (const shape of shapesOf(name)) {
      const handlerTime = handlerTimeOf(shape, handlerMs);
      const deadlineMs = handlerTime + PATIENCE_MS;
      for (let number = 1; number <= warmUps + bursts; number++) {
        const path = pathOf(shape, number);
        const burst: BurstOrder = { port, shape, path, connections, aheadMs: AHEAD_MS, deadlineMs };
        await server.ask("begin");
        const seen = await load.ask<BurstResult>(burst, deadlineMs / 1000);
        const result = await server.ask<ServerResult>("result");
        if (number > warmUps) measured.push({ contender: name, shape, round, clients: seen, server: result });
      }
    }
    return measured;
  } finally {
    await Promise.all([server.stop(), load.stop()]);
  }
}

function shapesOf(name: ContenderName): readonly Shape[] {
  return contenderOf(name).cannotStream === undefined ? ["complete", "streamed"] : ["complete"];
}
