import type { History, Moment, Request, Run } from "../history.ts";
import { isPicky } from "../directives.ts";
import { isOfOne } from "../model.ts";
import type { Model } from "../model.ts";
import { isByTag } from "./purges.ts";

/** Whoever has waited for so many runs that vanished runs the handler by itself. */
const MOST_TURNS = 3;

const STORE_DEADLINE_MS = 250;

/**
 * For one variant of one key, at most one run is on its way to its head that others could wait for; and of refreshes
 * behind the clients' backs at most one at all. A request that runs by itself beside it has to have a reason.
 */
export function* runsOf(model: Model, history: History): Generator<string> {
  // Which flight a request belongs to is not known before a response has told what it varies by.
  if (model.world.varies === "learned") return;
  const shared = history.runs.filter(
    (run) => run.way === "fill" && (run.isBackground || !hasReason(model, history, run)),
  );
  for (const run of shared) {
    for (const other of shared) {
      if (other.began.seq <= run.began.seq || !isOfOne(run, other)) continue;
      const until = run.isBackground && other.isBackground ? run.over : (run.head ?? run.over);
      if (until !== undefined && until.seq < other.began.seq) continue;
      if (isLetGo(model, history, run, other.began)) continue;
      yield `r${other.id} began while r${run.id} was under way for the same, and had no reason`;
    }
  }
}

/** Whether nobody waits for a run any more: it was purged, took too long, or what it says is for nobody else. */
function isLetGo(model: Model, history: History, run: Run, at: Moment): boolean {
  if (at.at >= run.began.at + model.hardMs(run) || model.isOverdue(run, at) || model.isForsaken(run, at))
    return true;
  const isPurged = history.purges.some(
    (purge) =>
      model.covers(purge, run) &&
      purge.began.seq > run.began.seq &&
      purge.began.seq < at.seq &&
      !isByTag(purge),
  );
  if (isPurged) return true;
  if (run.head !== undefined && run.head.seq < at.seq) {
    // What it has is of no use to those who come.
    if (at.at >= model.freshUntilAtLeast(run, at) || model.purgeBetween(run, at) !== undefined) return true;
  }
  const isRefused = run.head !== undefined && run.head.seq < at.seq && model.refusal(run) !== undefined;
  return isRefused || (run.outgrew !== undefined && run.outgrew.seq < at.seq);
}

/** Whether a request had a reason to run its handler by itself, beside others. */
function hasReason(model: Model, history: History, run: Run): boolean {
  const request = history.requests[run.by] as Request;
  const at = run.began;
  if (model.isImpatient(request, at, model.maxWaitMs) || model.isCrowded(request, at)) return true;
  if (model.isHitForMiss(request, at)) return true;
  if (isPicky(model.directivesOf(request))) return true;
  const met = history.runs.filter(
    (other) => other !== run && other.way !== "bypass" && isOfOne(other, request),
  );
  // What it could have been served instead of an error went out of its window, or was purged, while it waited for that.
  const isOutOfWindow = (other: Run): boolean =>
    model.errorUntil(other) > request.began.at &&
    (model.errorUntil(other, at) <= at.at || model.purgeBetween(other, at) !== undefined);
  if (model.isImpatient(request, at, model.softMs) && met.some(isOutOfWindow)) return true;
  // What is stale as soon as it is stored is asked for by each client itself.
  if (
    met.some(
      (other) =>
        other.head !== undefined && other.head.seq < at.seq && model.freshUntil(other) <= other.head.at,
    )
  )
    return true;
  if (met.some((other) => disappoints(model, history, other, request, at))) return true;
  return met.filter((other) => vanishes(history, model, other, request, at)).length >= MOST_TURNS;
}

/** Whether a run went away, or was purged, while a request waited, so that it had to begin again. */
function vanishes(history: History, model: Model, run: Run, request: Request, at: Moment): boolean {
  const during = ({ seq }: Moment): boolean => seq > request.began.seq && seq < at.seq && seq > run.began.seq;
  if (run.over !== undefined && run.ending === "abandoned" && during(run.over)) return true;
  return history.purges.some((purge) => model.covers(purge, run) && during(purge.began));
}

/** Whether a request that waited for a run had nothing of it. */
function disappoints(model: Model, history: History, run: Run, request: Request, at: Moment): boolean {
  const during = (moment: Moment | undefined): boolean =>
    moment !== undefined && moment.seq > request.began.seq && moment.seq < at.seq;
  if (run.began.seq > at.seq) return false;
  if (isOlder(model, history, run, request, at)) return true;
  const expiredAt = run.began.at + model.hardMs(run);
  if (expiredAt >= request.began.at && expiredAt <= at.at) return true;
  if (during(run.outgrew)) return true;
  const isUseless = at.at >= model.freshUntilAtLeast(run, at) || model.purgeBetween(run, at) !== undefined;
  // Until it is written, what is stored is found where it was said.
  const isBeingWritten = run.over !== undefined && run.over.at + STORE_DEADLINE_MS >= request.began.at;
  if (run.head !== undefined && isUseless && isBeingWritten && !model.world.store.isSync) return true;
  if (during(run.over) && !model.isWhole(run)) return true;
  if (!during(run.head) && !during(run.over)) {
    // Its content was still coming, and is of no use any more.
    const isFlowing =
      run.head !== undefined && run.head.seq < at.seq && (run.over?.seq ?? Infinity) > request.began.seq;
    return isFlowing && isUseless;
  }
  return model.refusal(run) !== undefined || isUseless;
}

/**
 * Whether the client of a run came before a request, and an invalidation after that client: what it read by then may be
 * old for the request. Of hard invalidations only the last is known, so one that came after the request counts as well.
 */
function isOlder(model: Model, history: History, run: Run, request: Request, at: Moment): boolean {
  const leader = history.requests[run.by];
  if (leader === undefined || leader.began.seq >= request.began.seq) return false;
  return history.purges.some(
    (purge) =>
      model.covers(purge, run) &&
      purge.began.seq > leader.began.seq &&
      purge.began.seq < (purge.isSoft ? request.began : at).seq,
  );
}
