import type { History, Request, Told } from "../history.ts";
import type { Model } from "../model.ts";

/**
 * What an explanation told of a request, as it was about to be sent, is what then happened to it. Of a request that
 * waits it can only tell that it does: what it is given then depends on a response that there is not yet.
 */
export function* toldOf(model: Model, history: History): Generator<string> {
  for (const request of history.requests) {
    const { id, told, decided, decision } = request;
    if (told === undefined || decided === undefined || decision === undefined) continue;
    if (isUnknowable(request, told)) continue;
    const wrong = waits(told) ? waitedIn(model, request) : doneOtherwise(request, told);
    const refresh = wrong ?? refreshedOtherwise(model, history, request, told);
    if (refresh !== undefined)
      yield `q${id} was told "${told.outcome} (${told.reason}), ${told.cacheStatus}", and ${refresh}`;
  }
}

const STORE_DEADLINE_MS = 250;

/** An explanation supposes that an adapter can refresh. At the deadline of the store, it may have what the request has not. */
function isUnknowable({ isRefreshable, began }: Request, { at }: Told): boolean {
  return !isRefreshable || at - began.at >= STORE_DEADLINE_MS;
}

function waits({ outcome, text }: Told): boolean {
  return outcome === "collapsed" || isAskedFirst(text);
}

function isAskedFirst(text: string): boolean {
  return text.includes("is served the stored response if it fails");
}

/** Only a store that answers at once tells those who wait by a promise from the others. */
function waitedIn({ world }: Model, { isPromised, outcome }: Request): string | undefined {
  if (world.store.isSync && !isPromised) return "did not wait";
  return outcome === "bypass" ? "it was a bypass" : undefined;
}

function doneOtherwise(request: Request, told: Told): string | undefined {
  const { step, isAllShown, cacheStatus, method } = request;
  if (step !== told.step) return "was decided later";
  const outcome = outcomeOf(request);
  if (outcome !== told.outcome) return `it was a ${outcome}`;
  const isTransparent = told.reason === "uncacheable";
  if (method === "GET" && isAllShown !== undefined && isAllShown !== isTransparent)
    return `its handler ${isAllShown ? "saw" : "did not see"} its conditions`;
  const isFilled = request.decision === "fill";
  if (cacheStatus !== undefined && wordsOf(cacheStatus, isFilled) !== wordsOf(told.cacheStatus, isFilled))
    return `was sent ${cacheStatus}`;
  return undefined;
}

function outcomeOf({ decision, outcome, method }: Request): string | undefined {
  if (decision !== "fill") return outcome;
  return method === "POST" ? "bypass" : "miss";
}

/** What `Cache-Status` says that is known before the handler runs. */
function wordsOf(cacheStatus: string, isFilled: boolean): string {
  const [, ...words] = cacheStatus.split(";");
  return isFilled ? (words.find((word) => word.startsWith("fwd=")) ?? "") : words.join(";");
}

/** Whether the handler was run in the background, or not, though it was told otherwise. */
function refreshedOtherwise(
  { world }: Model,
  { runs }: History,
  { id }: Request,
  { outcome, text }: Told,
): string | undefined {
  const isRefreshed = runs.some(({ by, isBackground }) => by === id && isBackground);
  const isSure =
    text.includes("runs once in the background") || isAskedFirst(text) || text.includes("in 100 of 100");
  if (isSure && !isRefreshed) return "nothing ran in the background";
  // A chance may be so small that it is told as none.
  const isNone =
    outcome === "hit" ? world.route.earlyRefresh === undefined : text.includes("it is not run again yet");
  return isNone && isRefreshed ? "it was refreshed in the background" : undefined;
}
