import type { Request, Response } from "express";
import type { Decision, Engine, Fields, Fill, Policy } from "../../adapter.ts";
import { arrivalOf } from "../node/arrivals.ts";
import { isDisconnected } from "../node/connection-closed.ts";
import { follow } from "../node/follow.ts";
import { processWide } from "../node/process-wide.ts";
import type { Outcome } from "../node/outcome.ts";
import { setFields, setUnlessSet } from "../node/reply-fields.ts";
import { overrideHeaders } from "../node/request.ts";
import { ResponseTap } from "../node/response-tap.ts";
import { sendReply } from "../node/send-reply.ts";
import { restoreAtEnd } from "../node/shadow.ts";
import { watchFailures, watchRouter } from "./failures.ts";
import { ExpressRequest, replayed } from "./refresh.ts";
import { narrowQuery, parsedContent, requestOrigin } from "./request.ts";

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
  const { engine, req, res, owner } = lookup;
  try {
    watchRouter(req);
    const refresh = replayed(req, owner);
    if (refresh?.fill !== undefined) return act(refresh.fill, lookup, outcome);
    // A refresh that came with another URL has been destroyed.
    if (refresh !== undefined) return res.destroyed ? undefined : outcome.proceed();
    if (isFilling(req, engine)) return outcome.proceed();
    const policy = lookup.policy();
    const record = new ExpressRequest(
      req,
      lookup.native,
      requestOrigin(req),
      parsedContent(req),
      owner,
      arrivalOf(req, engine),
    );
    const decision = engine.begin(record, policy);
    if (decision instanceof Promise) void actLater(decision, lookup, outcome);
    else act(decision, lookup, outcome);
  } catch (thrown) {
    outcome.fail(thrown);
  }
}

async function actLater<Native>(
  decision: Promise<Decision>,
  lookup: Lookup<Native>,
  outcome: Outcome,
): Promise<void> {
  const { res } = lookup;
  try {
    const decided = await decision;
    // Meanwhile the client may have disconnected, or something else, such as a timeout, may have sent a response.
    if (!res.headersSent && (decided.kind === "serve" || !isDisconnected(res))) act(decided, lookup, outcome);
    else if (decided.kind === "fill") decided.abandon("aborted");
    else if (decided.kind === "follow") void decided.content.return?.();
  } catch (error) {
    outcome.fail(error);
  }
}

function act<Native>(decision: Decision, lookup: Lookup<Native>, outcome: Outcome): void {
  const { res } = lookup;
  switch (decision.kind) {
    case "serve":
      return outcome.answer(() => sendReply(res, decision.reply), nothing);
    case "follow":
      return outcome.answer(
        () => follow(decision, res, () => lookUp(lookup, outcome)),
        () => void decision.content.return?.(),
      );
    case "bypass":
      setFields(res, decision.fields);
      setUnlessSet(res, decision.unlessSet);
      return outcome.proceed();
    case "fill":
      return fill(decision, lookup, outcome);
  }
}

function nothing(): void {
  // A stored response is held by nobody.
}

function fill<Native>(fill: Fill, lookup: Lookup<Native>, outcome: Outcome): void {
  const { req, res, engine } = lookup;
  markFilling(req, engine);
  if (req.socket.destroyed) {
    // Its disconnect would not be noticed any more.
    fill.abandon("aborted");
    return outcome.proceed();
  }
  const restoreHeaders = overrideHeaders(req, fill);
  try {
    if (fill.target !== undefined) restoreAtEnd(res, narrowQuery(req, fill));
  } catch (error) {
    // The application's own query parser has thrown.
    fill.abandon("failed", error);
    throw error;
  }
  // The tap comes last: what it puts on the response is taken away first, and V8 makes no dictionary of that.
  watchFailures(req, res, (error) => tap.fail(error));
  const tap = new ResponseTap(res, fill, (error) => outcome.fail(error), restoreHeaders, lookup.earlier?.());
  outcome.proceed(tap);
}

/** The caches that are being filled by the handlers of a request. */
const FILLING = processWide("express.filling", () => new WeakMap<Request, Set<object>>());

function markFilling(req: Request, cache: object): void {
  const known = FILLING.get(req);
  if (known === undefined) FILLING.set(req, new Set([cache]));
  else known.add(cache);
}

/** Whether this request fills a cache already. A second lookup in it would make the request wait for itself. */
function isFilling(req: Request, cache: object): boolean {
  return FILLING.get(req)?.has(cache) === true;
}
