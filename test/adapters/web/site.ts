import { engineOf } from "../../../src/adapter.ts";
import type { RouteOptions } from "../../../src/adapter.ts";
import { respond } from "../../../src/adapters/web/respond.ts";
import type { WebCall } from "../../../src/adapters/web/route.ts";
import type { Cache } from "../../../src/index.ts";

/** A handler of the calls of a framework. It is given the fields that were set before, and the number of its run. */
export type Handle = (
  earlier: Headers,
  run: number,
  request: Request,
) => ReturnType<WebCall<Request>["handle"]>;

/** What `ask` is given besides the request. */
export type Parts = Partial<Omit<WebCall<Request>, "request" | "native" | "handle" | "earlier">>;

/** A cached route of a framework that has fields before the lookup. */
export interface WebSite {
  /** Asks for `/`. `earlier` are the fields that were set before the lookup. */
  ask(earlier: [string, string][], init?: RequestInit, parts?: Parts): Promise<Response>;
}

/** Makes a route that responds through `web/`, as the adapter of a framework does. */
export function webSite(cache: Cache, handle: Handle, options: RouteOptions<Request> = { ttl: 60 }): WebSite {
  const engine = engineOf(cache);
  const policy = engine.policy(options, { route: "GET /", content: "bytes" });
  let runs = 0;
  return {
    async ask(earlier, init = {}, parts = {}) {
      const request = new Request("http://a.test/", init);
      const before = new Headers(earlier);
      // Something in front has read it.
      if (parts.content !== undefined) await request.arrayBuffer();
      return respond(
        { engine, policy },
        {
          request,
          native: request,
          earlier: before,
          handle: (shown) => handle(before, ++runs, shown),
          ...parts,
        },
      );
    },
  };
}

/** Returns a response as frameworks make it: with the fields that were set before, and then its own. */
export function made(
  earlier: Headers,
  body: string | ReadableStream<Uint8Array> | null,
  own: Record<string, string> = {},
): Response {
  const response = new Response(body, { headers: new Headers(earlier) });
  for (const [name, value] of Object.entries(own)) response.headers.append(name, value);
  return response;
}
