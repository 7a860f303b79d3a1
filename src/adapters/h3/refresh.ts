import type { H3Event } from "h3";
import type { MaybePromise } from "../../adapter.ts";
import { processWide } from "../node/process-wide.ts";
import type { Refill } from "../web/route.ts";
import { sentOf } from "../web/response.ts";
import { runHandler, stagedFields, unstage } from "./event.ts";
import type { HandlerRun } from "./event.ts";

/** What a refresh passes through: an application, or a handler that is used without one. */
export interface RefreshingApp {
  fetch(request: Request): MaybePromise<Response>;
}

/** The purpose of a request that is made for a refresh. */
interface Refresh {
  /** The declaration that it is for; it may pass others before. */
  readonly owner: object;
  readonly refill: Refill;
}

/** By the context of its event, which applications that are mounted share, and no client can make. */
const REFRESHES = processWide("h3.refreshes.1", () => new WeakMap<object, Refresh>());

/**
 * Passes a request through the application again, up to the declaration `owner`: the guards in front decide again. It
 * begins with an empty context.
 */
export async function refreshThrough(
  app: RefreshingApp,
  owner: object,
  request: Request,
  refill: Refill,
): Promise<void> {
  const context = {};
  REFRESHES.set(context, { owner, refill });
  const own = { context, ...withoutNodeResponse(request) };
  const response = await app.fetch(Object.assign(withOwnUrl(request), own));
  await response.body?.cancel();
}

/**
 * Returns the refresh that a request is made for, if it is for this declaration; null if it is for another one, which it
 * reaches only as it is. Undefined for the request of a client.
 */
export function refreshFor({ context }: H3Event, owner: object): Refresh | null | undefined {
  const refresh = REFRESHES.get(context);
  if (refresh === undefined) return undefined;
  if (refresh.owner !== owner) return null;
  // Caches after this one treat it as any request.
  REFRESHES.delete(context);
  return refresh;
}

/** Runs the handler of a route for a refresh. */
export async function runRefresh({ refill }: Refresh, run: HandlerRun): Promise<Response> {
  const { event } = run;
  let status = 500;
  const refilled = refill({
    tagged: event,
    earlier: stagedFields(event),
    async handle(shown, fill) {
      const made = await runHandler(run, shown, fill);
      ({ status } = sentOf(made));
      return made;
    },
  });
  // It was told. What is in front must not respond to it once more.
  await refilled.catch(() => undefined);
  // Its content was read for the store. A cache in front must not keep the rest.
  const response = new Response(null, { status, headers: { "cache-control": "no-store" } });
  unstage(event, response);
  return response;
}

/**
 * srvx has the URL of a request as an object, too, which h3 makes that of the event: what rewrites one, rewrites the other.
 * That of the client may be rewritten by now, so the copy has one of its own.
 */
function withOwnUrl(request: Request): Request {
  if (!("_url" in request)) return request;
  const url = new URL(request.url);
  return Object.defineProperties(request, {
    _url: { configurable: true, value: url },
    url: { configurable: true, get: () => url.href },
  });
}

/** Node middleware would write to the response of the client, which was sent already. */
function withoutNodeResponse(request: Request): object {
  const { runtime } = request as { readonly runtime?: { readonly node?: object | undefined } };
  return runtime?.node === undefined
    ? {}
    : { runtime: { ...runtime, node: { ...runtime.node, res: undefined } } };
}
