import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request, Response } from "express";
import type { Engine, Fields, Fill, Policy } from "../../adapter.ts";
import type { Outcome } from "../node/outcome.ts";
import { respond } from "../node/respond.ts";
import type { NodeCall, NodeRoute } from "../node/route.ts";
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
  try {
    watchRouter(lookup.req);
    const looked = new ExpressLookup(lookup);
    respond(looked, looked, outcome);
  } catch (thrown) {
    outcome.fail(thrown);
  }
}

/** The route and the call in one: a hit makes one object. */
class ExpressLookup<Native> implements NodeRoute<Native>, NodeCall<Native> {
  readonly engine: Engine;
  readonly req: Request;
  readonly res: Response;
  readonly native: Native;
  readonly owner: object;
  readonly origin: string;
  readonly target: string;
  readonly rewritten: string | undefined;
  readonly params: Request["params"];
  readonly earlier: Lookup<Native>["earlier"];
  readonly #lookup: Lookup<Native>;

  constructor(lookup: Lookup<Native>) {
    const { engine, req, res, native, owner, earlier } = lookup;
    this.engine = engine;
    this.req = req;
    this.res = res;
    this.native = native;
    this.owner = owner;
    this.origin = requestOrigin(req);
    this.target = req.originalUrl;
    this.rewritten = rewrittenUrl(req);
    this.params = req.params;
    this.earlier = earlier;
    this.#lookup = lookup;
  }

  get policy(): Policy<Native> {
    return this.#lookup.policy();
  }

  prepare(fill: Fill, fail: (error: unknown) => void): void {
    if (fill.target !== undefined) restoreAtEnd(this.res, narrowQuery(this.req, fill));
    watchFailures(this.req, this.res, fail);
  }

  dispatch(request: IncomingMessage, response: ServerResponse): unknown {
    return rootOf(this.req.app)(request as Request, response as never);
  }
}
