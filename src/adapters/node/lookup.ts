import type { IncomingMessage, ServerResponse } from "node:http";
import type { Decision, Fill, MaybePromise } from "../../adapter.ts";
import { arrivalOf } from "./arrivals.ts";
import { isDisconnected } from "./connection-closed.ts";
import { observeRequests } from "./original-url.ts";
import { processWide } from "./process-wide.ts";
import { CallRecord, replayed } from "./refresh.ts";
import type { NodeCall, NodeRoute } from "./route.ts";

/** What is to be done about a request: what the cache has decided, or one of these. */
export type Course =
  | Decision
  /** The handlers run for a refresh. */
  | { readonly kind: "refresh"; readonly fill: Fill }
  /** The handlers run as without a cache: it is a refresh for another route, or fills the same cache already. */
  | { readonly kind: "pass" }
  /** Nothing is sent any more: the response is closed, or something else has begun to send it. */
  | { readonly kind: "closed" };

const PASS: Course = { kind: "pass" };
const CLOSED: Course = { kind: "closed" };

/**
 * Looks a request up. Returns no promise if the store is synchronous. Throws, or rejects, with the error of a function in the
 * route's options.
 */
export function lookUp<Native>(route: NodeRoute<Native>, call: NodeCall<Native>): MaybePromise<Course> {
  const { engine } = route;
  const { req, res } = call;
  observeRequests(req, engine);
  const { owner = route.policy } = call;
  const refresh = replayed(call, owner);
  if (refresh?.fill !== undefined) return { kind: "refresh", fill: refresh.fill };
  // A refresh that came with another URL has been destroyed.
  if (refresh !== undefined) return res.destroyed ? CLOSED : PASS;
  if (FILLING.get(req)?.has(engine) === true) return PASS;
  const decision = engine.begin(new CallRecord(call, owner, arrivalOf(req, engine)), route.policy);
  return decision instanceof Promise ? decision.then((decided) => unlessClosed(decided, res)) : decision;
}

/**
 * Returns a decision, unless the client has disconnected meanwhile, or something else, such as a timeout, has sent a response:
 * what was decided is released then.
 */
export function unlessClosed(decision: Course, res: ServerResponse): Course {
  if (decision.kind === "refresh" || decision.kind === "pass") return decision;
  if (!res.headersSent && (decision.kind === "serve" || !isDisconnected(res))) return decision;
  if (decision.kind === "fill") decision.abandon("aborted");
  else if (decision.kind === "follow") void decision.content.return?.();
  return CLOSED;
}

/** The caches that are being filled by the handlers of a request. A second lookup would make it wait for itself. */
const FILLING = processWide("node.filling", () => new WeakMap<IncomingMessage, Set<object>>());

/** Notes that the handlers of a request fill a cache. */
export function markFilling(req: IncomingMessage, engine: object): void {
  const known = FILLING.get(req);
  if (known === undefined) FILLING.set(req, new Set([engine]));
  else known.add(engine);
}
