import { IttyRouter } from "itty-router";
import type { IRequest, IttyRouterType, RequestHandler } from "itty-router";
import type { RouteOptions } from "../../../src/adapter.ts";
import type { Cache } from "../../../src/index.ts";
import type { AdapterHarness, ContractRoute } from "../../../src/testing/index.ts";
import { cacheRoute, cacheTags, invalidates } from "../strangers/itty.ts";
import { answer, DECLINED, listen, seen, speakFirst, withCookies, withErrorPages } from "./fetch.ts";

const AHEAD =
  "guards have run when a request arrives at the route, and the router does not note when it came";

const {
  "a framework guard runs for a refresh as for a request": _runs,
  "a refresh whose framework guard fails keeps the entry and does not run the handler": _fails,
  ...declined
} = DECLINED;

/** Serves the contract's neutral routes by the adapter of the guide, over a real socket. */
export const ittyHarness: AdapterHarness = {
  name: "itty-router",
  declined: {
    ...declined,
    "what a before guard may have read ahead of an invalidation is not stored": AHEAD,
    "what a framework guard may have read ahead of an invalidation is not stored": AHEAD,
  },
  start(cache, routes) {
    const router = IttyRouter();
    for (const route of routes) {
      const inner = IttyRouter();
      declare(inner, cache, route);
      const { only } = route;
      router.all(route.path, (request: IRequest) =>
        only === undefined || request.headers.get("x-only") === only
          ? around(route, request, () => inner.fetch(request))
          : undefined,
      );
    }
    return listen((request) =>
      withErrorPages(async () => {
        const response = (await router.fetch(request)) as Response | undefined;
        return response ?? new Response("no such route", { status: 404 });
      }),
    );
  },
};

/** What stands around the router. */
async function around(
  { earlier, lateCookies, log }: ContractRoute,
  request: Request,
  handle: () => Promise<Response | undefined>,
): Promise<Response | undefined> {
  const made = await handle();
  if (made === undefined) return undefined;
  const said = earlier === undefined ? made : await speakFirst(earlier(), () => made);
  const response = lateCookies === undefined ? said : withCookies(said, lateCookies());
  const { pathname, search } = new URL(request.url);
  log?.(pathname + search);
  return response;
}

function declare(router: IttyRouterType, cache: Cache, route: ContractRoute): void {
  const { guard, options, path, method, cache: own = cache, invalidates: tags } = route;
  const requireKey: RequestHandler = (request) => {
    guard?.onRun?.();
    return request.headers.has("x-key") ? undefined : new Response("a key is needed", { status: 401 });
  };
  const plain: RequestHandler = async (request) => {
    const said = await route.handler(seen(request));
    for (const tag of said.tags ?? []) cacheTags(request, [tag]);
    return answer(said);
  };
  const writing = tags === undefined ? plain : invalidates({ cache: own, tags: tags }, plain);
  const guards = guard === undefined ? [] : [requireKey];
  if (options === undefined) router.all(path, ...guards, writing);
  else
    cacheRoute(
      router,
      method,
      path,
      { cache: own, ...(options as RouteOptions<IRequest>) },
      ...guards,
      writing,
    );
}
