// Runs in a process of its own, with --expose-gc, over the built package: 200,000 distinct query strings, whose answers
// have as many bytes as the argument says.
import { createCache } from "caching-route";
import { engineOf } from "caching-route/adapter";

const BODY = new Uint8Array(Number(process.argv[2])).fill(0x61);
const WARM_UP = 2000;
const REQUESTS = 200_000;

const cache = createCache({ reporter: false });
const engine = engineOf(cache);
const policy = engine.policy({ ttl: 60 }, { route: "GET /search" });

/** One cold request, as an adapter would put it. */
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

function settledRss() {
  for (let round = 0; round < 3; round++) globalThis.gc();
  return process.memoryUsage().rss;
}

for (let index = 0; index < WARM_UP; index++) ask(`/search?warm=${index}`);
await cache.clear();
const before = settledRss();
for (let index = 0; index < REQUESTS; index++) ask(`/search?q=${index}&page=${index % 7}`);
const after = settledRss();

process.stdout.write(JSON.stringify({ growth: after - before, ...cache.stats() }));
