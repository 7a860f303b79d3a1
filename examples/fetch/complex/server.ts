import { setTimeout as load } from "node:timers/promises";
import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { z } from "zod";
import { serve } from "../serve.ts";

type Handler = (request: Request) => Response | Promise<Response>;

const cache = createCache({ defaults: { ttl: 60 } });

/** Any non-empty key is a valid one. The guards of a cached route run before the cache, on hits as on misses. */
function requireKey(request: Request): Response | undefined {
  const key = request.headers.get("x-key") ?? "";
  return key === "" ? Response.json({ error: "X-Key is missing" }, { status: 401 }) : undefined;
}

/** Loading takes a second. */
async function data(): Promise<string> {
  await load(1000);
  return "Hello, World!";
}

const sendData = async (): Promise<Response> => new Response(await data());

async function streamData(): Promise<Response> {
  const text = await data();
  const encoder = new TextEncoder();
  const characters = text.split("");
  const content = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = characters.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(encoder.encode(next));
    },
  });
  return new Response(content, {
    headers: { "content-type": "text/plain", "content-length": String(text.length) },
  });
}

// The cache reads the names and defaults of the query parameters from the schema.
const query = z.object({ a: z.string(), b: z.string().default("b") });

function sendQuery(request: Request): Response {
  const { data: parameters, error } = query.safeParse(Object.fromEntries(new URL(request.url).searchParams));
  if (error === undefined) return Response.json(parameters);
  return Response.json({ error: z.prettifyError(error) }, { status: 422 });
}

const notFound = (): Response => new Response(null, { status: 404 });

const routes = new Map<string, Handler>([
  ["/not-cached", (request) => requireKey(request) ?? sendData()],
  ["/cached", cacheRoute(cache, { before: [requireKey] }, sendData)],
  ["/stream-cached", cacheRoute(cache, { before: [requireKey] }, streamData)],
  ["/404", cacheRoute(cache, {}, notFound)],
  ["/query", cacheRoute(cache, { query }, sendQuery)],
]);

const handler: Handler = (request) => (routes.get(new URL(request.url).pathname) ?? notFound)(request);

const { address } = await serve(handler, Number(process.env["PORT"] ?? 8000));
console.log(`listening on ${address}`);
