import type { Request, Response } from "express";
import type { Engine, Fields, Fill, Policy } from "../../adapter.ts";
import type { Outcome } from "../node/outcome.ts";
import { respond } from "../node/respond.ts";
import type { NodeCall } from "../node/route.ts";
import { restoreAtEnd } from "../node/shadow.ts";
import { watchFailures, watchRouter } from "./failures.ts";
import { narrowQuery, requestOrigin, rewrittenUrl, rootOf } from "./request.ts";

/** A request that is looked up. `Native` is what the functions of the route's options are given. */
export interface Lookup<Native> {
  readonly engine: Engine;
  readonly req: Request;
  readonly res: Response;
  readonly native: Native;
  /** Identifies who looks it up: a refresh has to reach the same one. */
  readonly owner: object;
  /** Returns the route's policy. It is not called for a refresh. */
  policy(): Policy<Native>;
  /** The fields that were set before the route's handler. Absent: all that are set at the lookup. */
  earlier?(): Fields;
}

/** Looks a request up, and carries out what is decided. */
export function lookUp<Native>(lookup: Lookup<Native>, outcome: Outcome): void {
  const { engine, req } = lookup;
  const route = {
    engine,
    get policy() {
      return lookup.policy();
    },
  };
  try {
    watchRouter(req);
    respond(route, callOf(lookup), outcome);
  } catch (thrown) {
    outcome.fail(thrown);
  }
}

function callOf<Native>({ req, res, native, owner, earlier }: Lookup<Native>): NodeCall<Native> {
  return {
    req,
    res,
    native,
    owner,
    origin: requestOrigin(req),
    target: req.originalUrl,
    rewritten: rewrittenUrl(req),
    params: req.params,
    earlier,
    prepare(fill: Fill, fail: (error: unknown) => void) {
      if (fill.target !== undefined) restoreAtEnd(res, narrowQuery(req, fill));
      watchFailures(req, res, fail);
    },
    dispatch: (request, response) => rootOf(req.app)(request as Request, response as never),
  };
}
