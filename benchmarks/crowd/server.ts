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

let peak = 0;
const look = (): number => {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
};
// What is reachable is what counts: garbage is collected before each look.
setInterval(() => {
  globalThis.gc?.();
  peak = Math.max(peak, look());
}, 100).unref();

answerParent((question): unknown => {
  if (question === "address") return port;
  if (question === "peak") return peak;
  if (question === "refreshes") return cache.stats().refreshes;
  if (question === "settle") {
    globalThis.gc?.();
    return (peak = look());
  }
  return origin.runs.get(String(question)) ?? 0;
});
