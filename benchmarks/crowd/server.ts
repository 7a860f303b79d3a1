// A process with our cache on one framework.
import type { AddressInfo } from "node:net";
import { answerParent } from "../messages.ts";
import { Origin } from "./origin.ts";
import { makers } from "./servers.ts";
import type { Framework } from "./servers.ts";

const { framework } = JSON.parse(process.argv[2] ?? "{}") as { readonly framework: Framework };
const origin = new Origin();
const { server, cache } = await makers[framework](origin);
server.keepAliveTimeout = 600_000;
const { port } = server.address() as AddressInfo;

/**
 * The memory that is reachable, in bytes. A collection frees the array buffers that it found on another thread, and
 * that is over when the next one begins: without the second, what is counted are those of the last tenth of a second.
 */
function reachable(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

let peak = 0;
let looking: NodeJS.Timeout | undefined;

/** Looks every 100 ms from now on; only as long as that is asked for, because whoever is timed pays for it. */
function settle(): number {
  peak = reachable();
  looking = setInterval(() => (peak = Math.max(peak, reachable())), 100);
  return peak;
}

function peakSince(): number {
  clearInterval(looking);
  return peak;
}

answerParent((question): unknown => {
  if (question === "address") return port;
  if (question === "peak") return peakSince();
  if (question === "refreshes") return cache.stats().refreshes;
  if (question === "settle") return settle();
  return origin.runs.get(String(question)) ?? 0;
});
