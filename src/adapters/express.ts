import type { NextFunction, Request, RequestHandler, Response } from "express";
import { engineOf } from "../adapter.ts";
import type { Cache, Decision, Fill, Policy, RouteContext, RouteOptions } from "../adapter.ts";
import { watchFailures, watchRouter } from "./express/failures.ts";
import { isFilled, markFilled } from "./express/fills.ts";
import { guardsOf, passGuards } from "./express/guards.ts";
import { RoutePolicies } from "./express/policies.ts";
import { ExpressRequest, replayed } from "./express/refresh.ts";
import { parsedContent, narrowQuery, requestOrigin } from "./express/request.ts";
import { follow } from "./node/follow.ts";
import { isDisconnected } from "./node/connection-closed.ts";
import { restoreAtEnd } from "./node/shadow.ts";
import { overrideHeaders } from "./node/request.ts";
import { observeRequests } from "./node/original-url.ts";
import { setFields } from "./node/reply-fields.ts";
import { sendReply } from "./node/send-reply.ts";
import { ResponseTap } from "./node/response-tap.ts";

/** What an Express route may say about its caching. */
export interface CacheRouteOptions extends RouteOptions<Request> {
  /** Guards: middleware that runs before the lookup, in this order, on hits as on misses. One may answer itself. */
  before?: readonly RequestHandler[];
}

const UNNAMED = "cacheRoute()";

/**
 * Caches what the handlers after it answer, in Express 5 and 4:
 * `app.get("/reports/:id", requireKey, cacheRoute(cache, { ttl: 60 }), handler)`.
 *
 * `context` says what Express cannot know: what messages call the route (default: its method and path), and which
 * query parameters it declares. Throws `ERR_CACHE_NOT_A_CACHE`, or as `createCache` does where an option is wrong.
 */
export function cacheRoute(
  cache: Cache,
  options: CacheRouteOptions = {},
  context: Partial<RouteContext> = {},
): RequestHandler {
  const engine = engineOf(cache);
  const { route = UNNAMED } = context;
  const { guards, own } = separated(options, route);
  const resolve = (name: RouteContext, chosen = own): Policy<Request> =>
    engine.policy<Request>(chosen, { ...context, ...name });
  const policies = new RoutePolicies(({ label, isOneOfMany, ...known }) =>
    resolve(
      { ...known, route: context.route ?? label ?? UNNAMED },
      // One name for several places would be none.
      isOneOfMany && own.route !== undefined ? { ...own, route: `${own.route} ${known.name}` } : own,
    ),
  );

  function lookUp(req: Request, res: Response, next: NextFunction): void {
    watchRouter(req);
    observeRequests(req);
    const again = replayed(req, policies);
    const answer = (decision: Decision): void => {
      if (decision.kind === "fill") markFilled(req, engine);
      act(decision, req, res, next, () => lookUpSafely(req, res, next));
    };
    if (again?.fill !== undefined) return answer(again.fill);
    // One that has come to another place than it was meant for is broken off.
    if (again !== undefined) return res.destroyed ? undefined : next();
    if (isFilled(req, engine)) return next();
    const policy = policies.of(req, cacheRoute);
    const record = new ExpressRequest(req, requestOrigin(req), parsedContent(req), policies);
    const decision = engine.begin(record, policy);
    if (decision instanceof Promise) void answerLater(decision, answer, res, next);
    else answer(decision);
  }

  function lookUpSafely(req: Request, res: Response, next: NextFunction): void {
    try {
      lookUp(req, res, next);
    } catch (thrown) {
      next(thrown);
    }
  }

  function cacheRoute(req: Request, res: Response, next: NextFunction): void {
    passGuards(guards, req, res, (error) => {
      // What is on its way already cannot be answered from anywhere else.
      if (error !== undefined || res.headersSent) return next(error);
      lookUpSafely(req, res, next);
    });
  }

  // Wrong options throw where they are written. The name is for the places where requests come to it.
  const { route: name, ...unnamed } = Object(own) as RouteOptions<Request>;
  const isName = typeof name === "string" && name !== "";
  resolve({ route, name: undefined, declaration: cacheRoute }, isName ? unnamed : own);
  return cacheRoute;
}

/** Tells the adapter's own option from the core's, which says itself what is wrong with them. */
function separated(
  options: CacheRouteOptions,
  route: string,
): { readonly guards: readonly RequestHandler[]; readonly own: RouteOptions<Request> } {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return { guards: [], own: options };
  const { before, ...own } = options;
  // Without guards the options go on as they are: what stands in their place is recognised.
  return { guards: guardsOf(before, route), own: before === undefined ? options : own };
}

async function answerLater(
  decision: Promise<Decision>,
  answer: (decision: Decision) => void,
  res: Response,
  next: NextFunction,
): Promise<void> {
  try {
    const decided = await decision;
    // Meanwhile the client may have gone, or something else may have answered: a limit of time, perhaps.
    if (!res.headersSent && (decided.kind === "serve" || !isDisconnected(res))) answer(decided);
    else if (decided.kind === "fill") decided.abandon("aborted");
    else if (decided.kind === "follow") void decided.content.return?.();
  } catch (error) {
    next(error);
  }
}

function act(
  decision: Decision,
  req: Request,
  res: Response,
  next: NextFunction,
  decideAgain: () => void,
): void {
  switch (decision.kind) {
    case "serve":
      return sendReply(res, decision.reply);
    case "follow":
      return follow(decision, res, decideAgain);
    case "bypass":
      setFields(res, decision.fields);
      return next();
    case "fill":
      return fill(decision, req, res, next);
  }
}

function fill(fill: Fill, req: Request, res: Response, next: NextFunction): void {
  if (req.socket.destroyed) {
    // Nobody is told any more when that client goes.
    fill.abandon("aborted");
    return next();
  }
  const showReceived = overrideHeaders(req, fill);
  try {
    if (fill.target !== undefined) restoreAtEnd(res, narrowQuery(req, fill));
  } catch (error) {
    // The application's own parser of queries failed.
    fill.abandon("failed", error);
    throw error;
  }
  const tap = new ResponseTap(res, fill, next, showReceived);
  watchFailures(req, res, (error) => tap.fail(error));
  next();
}
