import { mergeVary } from "../../../src/adapter.ts";
import { cacheRoute, cacheTags, invalidates } from "../../../src/adapters/fetch.ts";
import type { FetchOptions } from "../../../src/adapters/fetch.ts";
import type { Cache } from "../../../src/index.ts";
import type {
  AdapterHarness,
  ContractResponse,
  ContractRequest,
  ContractRoute,
  ContractServer,
} from "../../../src/testing/index.ts";
import { serve } from "../../../examples/fetch/serve.ts";
import { foreignRequest, foreignResponse } from "./foreign-request.ts";

type Handler = (request: Request) => Response | Promise<Response>;

const TOO_LATE =
  "a middleware around a fetch handler speaks once the response is there: the cache inside cannot hear it";

const UNTOUCHED =
  "what is set around a fetch handler is set once its response is there: it cannot take that away, or add to it";

const CODED_AROUND = "what codes a fetch handler's response around the cache weakens its tag itself";

const WITHIN =
  "a fetch handler has done its work once it returns its response: one that writes while its body streams invalidates by hand";

const OUTSIDE =
  "a guard around a fetch handler cannot be called by what is inside: a refresh runs the guards in `before` only";

export const DECLINED = {
  "a handler error has its reason in Cache-Status and is reported once":
    "an error that a fetch handler throws becomes a response where the handler cannot see it",
  "a follower behind another response on its connection gets every byte of a stream too large to buffer":
    "a fetch handler does not know of its place on a connection",
  "followers without a byte wait at most a second for a leader behind another response on its connection":
    "a fetch handler does not know of its place on a connection",
  "Cache-Control that earlier middleware set is obeyed": TOO_LATE,
  "the Cache-Control of earlier middleware is sent in place of the route's": TOO_LATE,
  "a page with the nonce of earlier middleware's policy is not stored": TOO_LATE,
  "a streamed page with the nonce of earlier middleware's policy is not stored": TOO_LATE,
  "a page whose cookie is added as its head is sent is not shared: sent whole": TOO_LATE,
  "a page whose cookie is added as its head is sent is not shared: sent in parts": TOO_LATE,
  "a waiting request does not get a page whose cookie is added as its head is sent": TOO_LATE,
  "a later request does not follow a stream whose cookie was added as its head was sent": TOO_LATE,
  "a field that the handler removes is absent from every response: miss, hit, HEAD, 304, 206": UNTOUCHED,
  "a field that the handler removes is absent from stale responses and from what a refresh stores": UNTOUCHED,
  "a field that the handler removes is absent from what followers get": UNTOUCHED,
  "a field that the handler removes is absent from a response that is not stored": UNTOUCHED,
  "a line that the handler adds to a field follows this request's own lines: miss, hit, HEAD, 206": UNTOUCHED,
  "a line that the handler adds to a field follows this request's own lines: stale, and after a refresh":
    UNTOUCHED,
  "a line that the handler adds to a field follows each follower's own lines": UNTOUCHED,
  "a strong ETag is not sent with content that middleware encodes": CODED_AROUND,
  "a strong ETag is not sent with a stream that middleware encodes": CODED_AROUND,
  "the Vary of earlier middleware keeps variants apart": TOO_LATE,
  "a response that a write begins early is invalidated again at its end": WITHIN,
  "what a framework guard may have read ahead of an invalidation is not stored":
    "a guard around a fetch handler has run when its request arrives here",
  "a framework guard runs for a refresh as for a request": OUTSIDE,
  "a refresh whose framework guard fails keeps the entry and does not run the handler": OUTSIDE,
};

/** Serves the contract's neutral routes as fetch handlers, over a real socket. */
export const fetchHarness: AdapterHarness = harnessOf("fetch", { listen });

/** The same behind a server whose requests are of a class of its own. */
export const behindForeignServer: AdapterHarness = harnessOf("fetch", {
  listen: (handler) => listen((request) => handler(foreignRequest(request))),
  made: foreignResponse,
});

/** Serves a handler on a free port of 127.0.0.1. */
export type Listen = (handler: (request: Request) => Response | Promise<Response>) => Promise<ContractServer>;

/** By Node's own server. */
export async function listen(handler: Handler): Promise<ContractServer> {
  const { server, address } = await serve(handler, 0, () => undefined);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { origin: address, close };
}

interface FetchServer {
  readonly listen: Listen;
  /** What this one cannot do besides. Default: nothing. */
  readonly declined?: Readonly<Record<string, string>>;
  /** Makes the response of a handler one of another class. Default: it stays. */
  readonly made?: (response: Response) => Response;
}

/** Makes a harness of a server for fetch handlers. */
export function harnessOf(
  name: string,
  { listen, declined = {}, made = (response) => response }: FetchServer,
): AdapterHarness {
  return {
    name,
    declined: { ...DECLINED, ...declined },
    start(cache, routes) {
      const handlers = new Map<string, Handler>(
        routes.map(
          (route) =>
            [`${route.method} ${route.path} ${route.only ?? ""}`, declare(cache, route, made)] as const,
        ),
      );
      return listen((request) => {
        const { pathname } = new URL(request.url);
        const place = `${request.method === "HEAD" ? "GET" : request.method} ${pathname}`;
        const only = request.headers.get("x-only") ?? "";
        const handler = handlers.get(`${place} ${only}`) ?? handlers.get(`${place} `);
        return handler === undefined
          ? new Response("no such route", { status: 404 })
          : withErrorPages(() => handler(request));
      });
    },
  };
}

/** What a framework around a fetch handler does with its errors. */
export async function withErrorPages(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    const { status } = error as { readonly status?: number };
    if (status === undefined) throw error;
    return new Response("the error page", { status });
  }
}

function declare(cache: Cache, route: ContractRoute, made: (response: Response) => Response): Handler {
  const { guard, earlier, lateCookies } = route;
  const requireKey = (request: Request): Response | undefined => {
    guard?.onRun?.();
    return request.headers.has("x-key") ? undefined : new Response("a key is needed", { status: 401 });
  };
  const before = guard?.place === "before" ? [requireKey] : [];
  // A fetch handler knows no path; messages call it by its name.
  const plain: Handler = async (request) => {
    const said = await route.handler(seen(request));
    for (const tag of said.tags ?? []) cacheTags(request, [tag]);
    return made(answer(said));
  };
  Object.defineProperty(plain, "name", { value: route.path });
  const options = { ...(route.options as FetchOptions), before };
  const { cache: own = cache, invalidates: tags } = route;
  const writing = tags === undefined ? plain : invalidates(own, { tags }, plain);
  const uncached: Handler = (request) => (tags && before[0]?.(request)) ?? writing(request);
  const cached = route.options === undefined ? uncached : cacheRoute(own, options, writing);
  const guarded: Handler =
    guard?.place === "framework" ? (request) => requireKey(request) ?? cached(request) : cached;
  const said: Handler =
    earlier === undefined ? guarded : async (request) => speakFirst(earlier(), () => guarded(request));
  const parted: Handler =
    lateCookies === undefined ? said : async (request) => withCookies(await said(request), lateCookies());
  if (route.log === undefined) return parted;
  return async (request) => {
    const response = await parted(request);
    const { pathname, search } = new URL(request.url);
    route.log?.(pathname + search);
    return response;
  };
}

/** What a session around the handler adds. */
export function withCookies({ body, status, headers }: Response, lines: readonly string[]): Response {
  const response = new Response(body, { status, headers });
  for (const line of lines) response.headers.append("set-cookie", line);
  return response;
}

/** A middleware around the handler: its fields come first, and the handler's win over them. */
export async function speakFirst(
  said: NonNullable<ContractResponse["headers"]>,
  handle: () => Response | Promise<Response>,
): Promise<Response> {
  const response = await handle();
  const headers = toHeaders(said);
  const vary = headers.get("vary");
  for (const name of new Set(response.headers.keys())) {
    if (name !== "set-cookie") headers.set(name, response.headers.get(name) ?? "");
  }
  for (const cookie of response.headers.getSetCookie()) headers.append("set-cookie", cookie);
  if (vary !== null) headers.set("vary", mergeVary(response.headers.get("vary") ?? undefined, [vary]));
  return new Response(response.body, { status: response.status, headers });
}

export function seen(request: Request): ContractRequest {
  const { pathname, search, searchParams } = new URL(request.url);
  return {
    method: request.method,
    url: pathname + search,
    query: (name) => searchParams.getAll(name),
    header: (name) => request.headers.get(name) ?? undefined,
    signal: request.signal,
  };
}

export function answer({ status = 200, headers = {}, body }: ContractResponse): Response {
  const init = { status, headers: toHeaders(headers) };
  // A Response with 304 cannot have content.
  if (body === undefined || status === 304) return new Response(null, init);
  if (typeof body === "string" || body instanceof Uint8Array) return new Response(body, init);
  if (!(Symbol.asyncIterator in body)) return Response.json(body, init);
  return new Response(streamOf(body), init);
}

/** Makes a stream of what comes in parts. */
export function streamOf(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const parts = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return?.();
      },
    },
    // Nothing is read in advance: a source may reuse its buffer for the next part.
    { highWaterMark: 0 },
  );
}

function toHeaders(said: NonNullable<ContractResponse["headers"]>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(said)) {
    for (const line of [value].flat()) headers.append(name, line);
  }
  return headers;
}
