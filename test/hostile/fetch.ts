import type { Server } from "node:http";
import { serve } from "../../examples/fetch/serve.ts";
import { cacheRoute } from "../../src/adapters/fetch.ts";
import type { FetchHandler } from "../../src/adapters/fetch.ts";
import type { Cache } from "../../src/index.ts";
import { KINDS, userOf } from "./site.ts";
import type { Answer, Site } from "./site.ts";

/** The application as fetch handlers behind a Node server that listens; `cache` undefined: without a cache. */
export async function fetchServer(site: Site, cache: Cache | undefined): Promise<Server> {
  const scope = (request: Request): string => userOf(request.headers.get("cookie") ?? undefined);
  const kinds = { ...KINDS, mine: { ttl: 60, scope } };
  const handlers = new Map(
    Object.entries(kinds).map(([kind, options]): [string, FetchHandler] => {
      const handler = (request: Request): Promise<Response> => answered(site, kind, request);
      Object.defineProperty(handler, "name", { value: kind });
      return [
        kind,
        options === undefined || cache === undefined ? handler : cacheRoute(cache, options, handler),
      ];
    }),
  );
  const { server } = await serve(
    (request) => {
      const [, kind = ""] = new URL(request.url).pathname.split("/");
      return handlers.get(kind)?.(request) ?? new Response("no such route", { status: 404 });
    },
    0,
    () => undefined,
  );
  return server;
}

async function answered(site: Site, kind: string, request: Request): Promise<Response> {
  const [, , id = ""] = new URL(request.url).pathname.split("/");
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  const { status, headers, whole, parts, style } = await site.answer({
    method: request.method,
    kind,
    id,
    header,
  });
  if (parts === undefined) return new Response(new Uint8Array(whole ?? []), { status, headers });
  return new Response((STYLES[style % STYLES.length] ?? pulled)(parts, request.signal), { status, headers });
}

type Parts = NonNullable<Answer["parts"]>;

export const pulled = (parts: Parts): ReadableStream<Uint8Array> => {
  const source = parts();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    cancel: () => void source.return(undefined),
  });
};

/** The ways in which handlers make a stream, with the signal of their request. */
export const STYLES: readonly ((parts: Parts, signal: AbortSignal) => ReadableStream<Uint8Array>)[] = [
  pulled,
  (parts, signal) => {
    const source = parts();
    const stream = pulled(() => source);
    signal.addEventListener("abort", () => void source.return(undefined));
    return stream;
  },
  (parts) => {
    const source = parts();
    let isOver = false;
    return new ReadableStream<Uint8Array>({
      async start(controller) {
        try {
          for await (const part of source) {
            if (isOver) return;
            controller.enqueue(new Uint8Array(part));
          }
          controller.close();
        } catch (error) {
          controller.error(error);
        }
      },
      cancel() {
        isOver = true;
      },
    });
  },
];
