// The load generator of the stampede: many open connections, on each of which one request is written at once.
import { answerParent } from "../messages.ts";
import { setTimeout as delay } from "node:timers/promises";
import { askAtOnce, hashOf, openedClients, requestFor } from "../client.ts";
import type { Client } from "../client.ts";
import { bytesOf } from "./content.ts";
import type { BurstOrder, BurstResult } from "./messages.ts";

/** Stay open from burst to burst. A process loads one server only. */
let clients: Client[] = [];

async function burst(order: BurstOrder): Promise<BurstResult> {
  clients = await openedClients(clients, order.port, order.connections);
  collect();
  await ask(order);
  return resultOf(hashOf(bytesOf(order.shape, order.path)));
}

/** Writes the leader's request, a little later all others, and waits for everybody's response. */
async function ask({ port, path, aheadMs, deadlineMs }: BurstOrder): Promise<void> {
  const request = requestFor(port, path);
  const led = askAtOnce(clients.slice(0, 1), request, deadlineMs);
  await delay(aheadMs);
  await Promise.all([led, askAtOnce(clients.slice(1), request, deadlineMs)]);
}

function resultOf(hash: string): BurstResult {
  const [leader, ...followers] = clients;
  if (leader === undefined) throw new Error("a burst without clients");
  const faults = clients.map((client) => client.fault(hash)).filter((fault) => fault !== undefined);
  return {
    leaderMs: leader.endedAt - leader.askedAt,
    leaderFirstMs: leader.firstAt - leader.askedAt,
    followerMs: followers.map((client) => client.endedAt - leader.endedAt),
    followerFirstMs: followers.map((client) => client.firstAt - leader.firstAt),
    wrong: faults.length,
    faults: [...new Set(faults)],
  };
}

/** Now, so that a burst does not pay for the responses of the one before it. */
function collect(): void {
  if (globalThis.gc === undefined) throw new Error("the load generator has to be started with --expose-gc");
  globalThis.gc();
}

answerParent((order) => burst(order as BurstOrder));
