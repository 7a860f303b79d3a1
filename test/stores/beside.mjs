// Runs in a process of its own, with --expose-gc, over the built package: floods of distinct targets, some of whose
// responses may not be stored, before a store that holds next to nothing. What is left is what lies beside the store.
import { setImmediate as turn } from "node:timers/promises";
import { createCache, memoryStore } from "caching-route";
import { engineOf } from "caching-route/adapter";

const cache = createCache({ reporter: false, store: memoryStore({ maxBytes: 100_000 }) });
const engine = engineOf(cache);
const policy = engine.policy({ ttl: 60 }, { route: "GET /search" });

async function flood(name, requests, length, headers) {
  for (let index = 0; index < requests; index++) {
    const target = `/search?${name}=${index}&z=${"x".repeat(length)}`;
    const request = {
      method: "GET",
      origin: "http://a.test",
      target,
      native: undefined,
      header: () => undefined,
    };
    const fill = engine.begin(request, policy);
    fill.open({ status: 200, fields: headers }).complete("found");
    if (index % 500 === 0) await turn();
  }
}

async function live() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await flood("warm", 2000, 10, []);
await cache.clear();
const before = await live();
await flood("a", 20_000, 30, []);
await flood("b", 20_000, 900, []);
await flood("c", 20_000, 400, [["cache-control", "no-store"]]);
const flooded = (await live()) - before;
await cache.clear();
process.stdout.write(JSON.stringify({ flooded, cleared: (await live()) - before }));
