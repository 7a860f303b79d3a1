// Runs in a process of its own, with --expose-gc, over the built package: 200,000 distinct query strings, whose
// responses have as many bytes as the argument.
import { setImmediate as turn } from "node:timers/promises";
import { createCache } from "caching-route";
import { engineOf } from "caching-route/adapter";

const BODY = new Uint8Array(Number(process.argv[2])).fill(0x61);
const WARM_UP = 2000;
const REQUESTS = 200_000;

const cache = createCache({ reporter: false });
const engine = engineOf(cache);
const policy = engine.policy({ ttl: 60 }, { route: "GET /search" });

/** One cold request, as an adapter would make it. */
function ask(target) {
  const request = {
    method: "GET",
    origin: "http://a.test",
    target,
    native: undefined,
    header: () => undefined,
  };
  const fill = engine.begin(request, policy);
  const open = fill.open({ status: 200, fields: [["content-type", "text/plain"]] });
  open.complete(BODY);
}

/** As in a server, the event loop turns: native objects are let go of between its turns, and not within one. */
async function flood(requests, targetOf) {
  for (let index = 0; index < requests; index++) {
    ask(targetOf(index));
    if (index % 100 === 0) await turn();
  }
}

async function settled() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await turn();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, live: heapUsed + external };
}

await flood(WARM_UP, (index) => `/search?warm=${index}`);
await cache.clear();
const before = await settled();
await flood(REQUESTS, (index) => `/search?q=${index}&page=${index % 7}`);
const after = await settled();

const grown = { growth: after.rss - before.rss, live: after.live - before.live };
process.stdout.write(JSON.stringify({ ...grown, ...cache.stats() }));
