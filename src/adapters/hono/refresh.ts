import { Hono } from "hono";
import type { Context, Next } from "hono";
import { processWide } from "../node/process-wide.ts";
import type { Refill } from "../web/route.ts";
import { earlierFields, executionOf, runNext, sendResponse } from "./context.ts";
import { matchedBy } from "./place.ts";

/** An application, as far as refreshes need it. */
export interface RefreshingApp {
  fetch(
    request: Request,
    env?: unknown,
    executionCtx?: Context["executionCtx"],
  ): Response | Promise<Response>;
}

/** The purpose of a request that is made for a refresh. */
interface Refresh {
  /** The `cacheRoute` that it is for; it may pass others before. */
  readonly owner: object;
  readonly refill: Refill;
  /** Why what the handlers behind the route have made is not what the application would send. Undefined: it is. */
  missing?: { readonly error: unknown } | undefined;
}

/** By identity: no client can make a request that is one of these. */
const REFRESHES = processWide("hono.refreshes.1", () => new WeakMap<Request, Refresh>());

/**
 * Passes a request through the application again, up to the middleware `owner`: the guards in front decide again.
 *
 * Without `app`, it passes what has matched the client's request. Rejects with what a guard has thrown.
 */
export async function refreshThrough(
  c: Context,
  owner: object,
  app: RefreshingApp | undefined,
  request: Request,
  refill: Refill,
): Promise<void> {
  const refresh: Refresh = { owner, refill };
  REFRESHES.set(request, refresh);
  const response = await (app ?? matchedApp(c, refresh)).fetch(request, c.env, executionOf(c));
  await response.body?.cancel();
  if (refresh.missing !== undefined) throw refresh.missing.error;
}

/**
 * Returns the refresh that a request is made for, if it is for this middleware; null if it is for another one, which it
 * reaches only as it is. Undefined for the request of a client.
 */
export function refreshFor(c: Context, owner: object): Refresh | null | undefined {
  const refresh = REFRESHES.get(c.req.raw);
  if (refresh === undefined) return undefined;
  if (refresh.owner !== owner) return null;
  // Caches after this one treat it as any request.
  REFRESHES.delete(c.req.raw);
  return refresh;
}

/** Runs the handlers of a route for a refresh. */
export async function runRefresh(refresh: Refresh, c: Context, next: Next, cache: object): Promise<void> {
  let status = 500;
  const run = refresh.refill({
    tagged: c,
    earlier: earlierFields(c),
    async handle(shown, fill) {
      const made = await runNext(c, next, shown, { fill, cache });
      ({ status } = c.res);
      if (refresh.missing !== undefined) throw refresh.missing.error;
      return made;
    },
  });
  // It was told. What is in front must not respond to it once more.
  await run.catch(() => undefined);
  refresh.missing = undefined;
  // Its content was read for the store. A cache in front, such as Hono's own, must not keep the rest.
  sendResponse(c, new Response(null, { status, headers: { "cache-control": "no-store" } }));
}

/** Makes an application of all that has matched a request, which has the path that its own application has found. */
function matchedApp(c: Context, refresh: Refresh): Hono {
  const { path } = c.req;
  const app = new Hono({ getPath: () => path });
  for (const route of new Set(matchedBy(c))) app.on(route.method, route.path, route.handler);
  app.onError((error) => {
    refresh.missing = { error };
    return new Response(null, { status: 500 });
  });
  app.notFound(() => {
    refresh.missing = {
      error: new Error(
        "a refresh cannot call the application's notFound; write cacheRoute(cache, { app }), with the application",
      ),
    };
    return new Response(null, { status: 404 });
  });
  return app;
}
