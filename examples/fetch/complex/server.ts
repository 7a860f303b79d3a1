import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { serve } from "../serve.ts";

const cache = createCache({ defaults: { ttl: 60 } });

/** Any non-empty key is a valid one. */
function requireKey(request: Request): Response | undefined {
  const key = request.headers.get("x-key") ?? "";
  return key === "" ? Response.json({ error: "X-Key is missing" }, { status: 401 }) : undefined;
}

async function items(): Promise<Response> {
  await load(1000);
  return Response.json(Array.from({ length: 20 }, (_, id) => ({ id, name: `item ${id}` })));
}

async function streamedItems(): Promise<Response> {
  await load(1000);
  let id = 0;
  const lines = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await load(20);
      controller.enqueue(new TextEncoder().encode(`${JSON.stringify({ id, name: `item ${id}` })}\n`));
      if (++id === 20) controller.close();
    },
  });
  return new Response(lines, { headers: { "content-type": "application/jsonl" } });
}

function query(request: Request): Response {
  const { searchParams } = new URL(request.url);
  return Response.json({ a: searchParams.get("a"), b: searchParams.get("b") ?? "b" });
}

const notFound = (): Response => Response.json({ error: "not found" }, { status: 404 });

// `jsonSchema` is what zod 4.2 and other schema libraries offer: the cache learns names and defaults from it.
const properties = { a: { type: "string" }, b: { type: "string", default: "b" } };
const declared = { "~standard": { jsonSchema: { input: () => ({ type: "object", properties }) } } };

const routes = new Map<string, (request: Request) => Response | Promise<Response>>([
  ["/not-cached", items],
  ["/cached", cacheRoute(cache, {}, items)],
  ["/stream-cached", cacheRoute(cache, { before: [requireKey] }, streamedItems)],
  ["/query", cacheRoute(cache, { query: declared }, query)],
  ["/404", cacheRoute(cache, {}, notFound)],
]);

const handler = (request: Request): Response | Promise<Response> =>
  (routes.get(new URL(request.url).pathname) ?? notFound)(request);

const { address } = await serve(handler, Number(process.env["PORT"] ?? 8000));
console.log(`listening on ${address}`);
