import { expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import { createCache } from "../../../src/index.ts";
import { srvx, whatwgNode } from "./servers.mjs";

const servers = Object.entries({ srvx, "@whatwg-node/server": whatwgNode });

it.each(servers)("a fetch handler is cached behind %s", async (_name, start) => {
  const seen: string[] = [];
  const handler = cacheRoute(
    createCache({ reporter: false }),
    { ttl: 60, query: ["page"] },
    (request: Request) => {
      seen.push(new URL(request.url).search + (request.headers.get("range") ?? ""));
      return new Response("hello");
    },
  );
  const { origin, close } = await start((request) => handler(request));
  onTestFinished(() => void close());

  const miss = await fetch(`${origin}list?page=1&utm=1`, { headers: { range: "bytes=0-1" } });
  const hit = await fetch(`${origin}list?page=1`);

  expect([miss.status, await miss.text()]).toEqual([206, "he"]);
  expect([hit.status, await hit.text(), hit.headers.get("x-cache")]).toEqual([200, "hello", "HIT"]);
  expect(seen).toEqual(["?page=1"]);
});

it.each(servers)("a POST with content is cached by its content behind %s", async (_name, start) => {
  let runs = 0;
  const handler = cacheRoute(
    createCache({ reporter: false }),
    { ttl: 60, methods: ["POST"] },
    async (request: Request) => new Response(`${++runs}: ${await request.text()}`),
  );
  const { origin, close } = await start((request) => handler(request));
  onTestFinished(() => void close());
  const ask = async (body: string): Promise<string> => {
    const response = await fetch(origin, { method: "POST", body });
    return response.text();
  };

  expect([await ask("a"), await ask("a"), await ask("b")]).toEqual(["1: a", "1: a", "2: b"]);
});
