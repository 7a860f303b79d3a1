// The load generator of the stampede: many open connections, on each of which one request is written at once.
import { answerParent } from "../messages.ts";
import { Client, hashOf } from "../client.ts";
import { bytesOf } from "./content.ts";
import type { BurstOrder, BurstResult } from "./messages.ts";

/** Stay open from burst to burst. A process loads one server only. */
let clients: Client[] = [];

async function burst(order: BurstOrder): Promise<BurstResult> {
  clients = Array.from({ length: order.connections }, (_, index) => {
    const client = clients[index];
    return client?.isOpen === true ? client : new Client(order.port);
  });
  await Promise.all(clients.map((client) => client.open()));
  collect();
  await ask(order);
  return resultOf(hashOf(bytesOf(order.shape, order.path)));
}

/** Writes the leader's request, a little later all others, and waits for everybody's response. */
function ask(order: BurstOrder): Promise<void> {
  const request = Buffer.from(
    `GET ${order.path} HTTP/1.1\r\nhost: 127.0.0.1:${order.port}\r\n\r\n`,
    "latin1",
  );
  const [leader, ...followers] = clients;
  const waiting = new Set(clients);
  return new Promise((resolve) => {
    const deadline = setTimeout(() => waiting.forEach((client) => client.giveUp()), order.deadlineMs);
    const askBy = (client: Client): void =>
      client.ask(request, () => {
        waiting.delete(client);
        if (waiting.size > 0) return;
        clearTimeout(deadline);
        resolve();
      });
    if (leader !== undefined) askBy(leader);
    setTimeout(() => followers.forEach(askBy), order.aheadMs);
  });
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
