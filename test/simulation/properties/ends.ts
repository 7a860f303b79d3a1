import { runIn } from "../history.ts";
import type { History, Request } from "../history.ts";
import type { Model } from "../model.ts";

/** A request reads the store this often at most: at first, after each turn of waiting, and once more. */
const MOST_READS = 6;

const STORE_DEADLINE_MS = 250;

/** Every request ends in time, except where its own handler, or the one that it follows, stalls for ever. */
export function* endsOf(
  model: Model,
  history: History,
  timersLeft: number,
  atEnd: string | undefined,
): Generator<string> {
  if (atEnd !== undefined) yield atEnd;
  const { isSync } = model.world.store;
  const most = model.maxWaitMs + (isSync ? 0 : MOST_READS * STORE_DEADLINE_MS);
  for (const request of history.requests) {
    const { id, began, decided, over, fate, isLast } = request;
    if (decided === undefined) {
      yield `q${id} was never decided`;
      continue;
    }
    const waited = decided.at - began.at;
    // By a clock that is set back meanwhile it may wait once more.
    const again = history.setBackBetween(began, decided) > 0 ? model.maxWaitMs : 0;
    if (waited > most + again) yield `q${id} was decided after ${waited} ms, and ${most} are the most`;
    if (isLast && waited > 0 && !hasStarted(history, request))
      yield `q${id} waited for ${waited} ms when all was over: a flight was left behind`;
    if (isLast && fate !== "clean" && !isStopped(model, request))
      yield `q${id} did not end cleanly when all was over`;
    if (over === undefined) yield `q${id} has not ended, and its client is there`;
    else if (fate === "gave up" && !isStalled(model, request))
      yield `q${id} waited in vain for what was over`;
  }
  for (const { id, by, isBackground, head, ending, over } of history.runs) {
    const client = history.requests[by];
    const isThere = client?.over === undefined || client.over.seq > (over?.seq ?? 0);
    if (ending === "stopped" && !isBackground && isThere)
      yield `r${id} was stopped, and its own client was there`;
    if (client?.method === "POST" && model.isEnabled && ending === "abandoned" && head === undefined)
      yield `r${id} was unsafe, and was abandoned before it said whether it had changed something`;
  }
  if (timersLeft > 0) yield `${timersLeft} timers of the core were left when all was over`;
}

/** Whether what a request waited for was still going on when its client gave up. */
function isStalled(model: Model, { run, body, headBy, over }: Request): boolean {
  const source = run ?? model.run(runIn(body) ?? headBy);
  return source !== undefined && (source.over === undefined || source.over.seq >= (over?.seq ?? 0));
}

/** Whether a refresh that nobody's client had asked for fell silent for so long that it was stopped. */
function isStopped(model: Model, { body, headBy }: Request): boolean {
  const source = model.run(runIn(body) ?? headBy);
  return source?.isBackground === true && source.ending === "stopped";
}

/** Whether a refresh was begun for a request, which then waited for that. */
function hasStarted({ runs }: History, { id }: Request): boolean {
  return runs.some(({ by, isBackground }) => by === id && isBackground);
}
