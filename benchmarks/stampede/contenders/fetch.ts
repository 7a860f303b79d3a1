import { createCache } from "caching-route";
import { cacheRoute } from "caching-route/fetch";
import { defineCachedHandler } from "ocache";
import type { Origin } from "../content.ts";
import { TTL } from "../contenders.ts";
import type { MakeContender } from "../contenders.ts";
import { Flights } from "../flights.ts";
import { serve } from "./bridge.ts";

type Handler = (request: Request) => Promise<Response>;

export const makeFetch: MakeContender = (origin) => {
  const cached = cacheRoute(createCache(), { ttl: TTL }, handlerOf(origin));
  return serve(async (request) => cached(request));
};

export const makeOcache: MakeContender = (origin) => {
  const handler = handlerOf(origin);
  const cached = defineCachedHandler(({ req }) => handler(req), {
    name: "stampede",
    maxAge: TTL,
    stream: true,
  });
  return serve(async (req) => (await cached({ req })) as Response);
};

export const makeFetchFloor: MakeContender = (origin) => {
  const flights = new Flights(origin);
  return serve(async (request) => {
    const path = pathnameOf(request);
    if (path.startsWith("/complete/")) {
      const headers = { "content-type": "application/json" };
      return new Response(await flights.complete(path), { headers });
    }
    const readers = await flights.streamed(path);
    return streaming((controller) => {
      readers.add({ write: (part) => controller.enqueue(part), end: () => controller.close() });
    });
  });
};

function handlerOf(origin: Origin): Handler {
  return async (request) => {
    const path = pathnameOf(request);
    if (path.startsWith("/complete/")) return Response.json(await origin.complete(path));
    const parts = await origin.streamed(path);
    return streaming(async (controller) => {
      for await (const part of parts) controller.enqueue(part);
      controller.close();
    });
  };
}

function streaming(
  start: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>,
): Response {
  // Whatever `start` waits for is not to hold back what it has given already.
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void start(controller) });
  return new Response(body, { headers: { "content-type": "text/plain" } });
}

/** Without `new URL`, which every request would pay for. */
function pathnameOf(request: Request): string {
  return request.url.slice(request.url.indexOf("/", "http://".length));
}
