import type { History, Request, Run } from "../history.ts";
import type { Model } from "../model.ts";
import { storedBefore } from "./asked.ts";

/**
 * When all is over, what a request was served is served to the next one as long as it may be: fresh, or stale within its
 * windows after a soft invalidation. A write that was refused changes nothing.
 */
export function* keptOf(model: Model, history: History): Generator<string> {
  for (const request of history.requests) {
    const stored = storedBefore(model, history, request);
    if (stored === undefined || isUnsure(model, history, request)) continue;
    const expected = expectedOf(model, request, stored);
    if (expected !== undefined && !isAsExpected(history, request, expected))
      yield `q${request.id} was a ${request.outcome ?? request.decision}, and could have been served r${stored.id}: ${expected}`;
  }
}

type Expected = "hit" | "stale" | "stale if there is an error";

function expectedOf(model: Model, request: Request, stored: Run): Expected | undefined {
  const { began } = request;
  if (began.at < model.freshUntil(stored, began)) return "hit";
  if (began.at < model.staleUntil(stored, began)) return "stale";
  // Where a response could not be shared, there is nothing to wait for. What is known of that goes by what it varied by.
  if (model.world.varies === "learned" || model.isHitForMiss(request, began)) return undefined;
  return began.at < model.errorUntil(stored, began) ? "stale if there is an error" : undefined;
}

function isAsExpected({ runs }: History, { id, outcome, decision }: Request, expected: Expected): boolean {
  if (expected !== "stale if there is an error") return outcome === expected;
  // It is refreshed first, and what that says may remove it.
  return decision !== "fill" || runs.some(({ by, isBackground }) => by === id && isBackground);
}

/** Whether a client, an adapter, chance or a clock may have had it otherwise. */
function isUnsure({ world }: Model, history: History, { isRefreshable, directives }: Request): boolean {
  const isDirected = Object.keys(directives).length > 0;
  const { jitter } = world.route;
  return isDirected || !isRefreshable || jitter !== undefined || history.setBacks.length > 0;
}
