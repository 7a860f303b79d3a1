import type { History, Request, Run } from "../history.ts";
import { isOfOne } from "../model.ts";
import type { Model } from "../model.ts";

/** Who wants nothing but what is stored runs no handler, is told 504 where nothing will do, and nobody else is. */
export function* askedOf(model: Model, history: History): Generator<string> {
  for (const request of history.requests) {
    const { id, run, status, headBy, outcome } = request;
    const { onlyIfCached } = model.directivesOf(request);
    const isRefused = status === 504 && headBy === undefined;
    if (isRefused && !onlyIfCached) yield `q${id} was told 504, and had not said only-if-cached`;
    const isPast = request.method === "POST" || (run?.way === "bypass" && request.hasCredentials);
    if (!onlyIfCached || isPast) continue;
    if (run !== undefined) yield `q${id} said only-if-cached, and ran r${run.id}`;
    // What it is served may be due for a refresh.
    const refresh = history.runs.find(({ by }) => by === id);
    if (refresh !== undefined && outcome !== "hit")
      yield `q${id} said only-if-cached, and r${refresh.id} was run for it`;
    if (isRefused && request.isLast && isThere(model, history, request))
      yield `q${id} was told 504, and there is what it asked for`;
  }
}

/** Whether what the request before it was served has to be stored by then, and is fresh. */
function isThere(model: Model, history: History, request: Request): boolean {
  const stored = storedBefore(model, history, request);
  return stored !== undefined && request.began.at < model.freshUntilAtLeast(stored, request.began);
}

/** The run whose response the request before this one was served, when all was over, and which has to be stored by then. */
export function storedBefore(model: Model, history: History, request: Request): Run | undefined {
  if (!model.keeps || !request.isLast) return undefined;
  const before = history.requests[request.id - 1];
  const by = model.run(before?.headBy);
  if (before === undefined || by?.way !== "fill" || !isOfOne(before, request)) return undefined;
  // A refresh may have taken its place, and found that nothing may be stored any more.
  if (history.runs.some((run) => run.by === before.id && run !== before.run)) return undefined;
  const isStored = by.said?.status !== 304 && model.refusal(by) === undefined && model.isWhole(by);
  // At its deadline either may come first.
  if ((by.head?.at ?? Infinity) >= by.began.at + model.hardMs(by)) return undefined;
  return before.isLast && isStored ? by : undefined;
}
