import type { History, Moment, Purge, Run } from "../history.ts";
import { runIn } from "../history.ts";
import type { Model } from "../model.ts";

/** After a purge has returned, whoever asks later is not served by a run that began before it. */
export function* purgesOf(model: Model, history: History): Generator<string> {
  for (const request of history.requests) {
    const { id, run, headed, began } = request;
    const by = model.run(headedBy(model, request.headBy, request.body));
    if (headed === undefined || by === undefined || by === run) continue;
    for (const purge of history.purges) {
      if (purge.isSoft) continue;
      const isEarlier = purge.returned !== undefined && purge.returned.seq < began.seq;
      if (!isEarlier || by.began.seq > purge.began.seq || !model.covers(purge, by)) continue;
      if (isExcused(history, purge, by)) continue;
      yield `q${id} was served r${by.id}, which had begun before the purge of ${JSON.stringify(purge.what)}`;
    }
  }
}

/** A 304, or an answer to HEAD, says that the content under it holds still: then it is its age that counts. */
function headedBy(model: Model, headBy: number | undefined, body: string): number | undefined {
  return model.run(headBy) === undefined ? runIn(body) : headBy;
}

/**
 * Whether the store is to blame: it had been given the response before the purge, and did not remove it or took it in
 * only afterwards. A purge by tag does not need the store, and has no excuse.
 */
function isExcused(history: History, purge: Purge, run: Run): boolean {
  if (isByTag(purge)) return false;
  const { asked, removed } = purge;
  if (asked === undefined) return false;
  return history.writes.some((write) => {
    if (write.headBy !== run.id || isAfter(write.issued, purge.began)) return false;
    if (removed === undefined || purge.returned === undefined || isAfter(removed, purge.returned))
      return true;
    return write.applied !== undefined && isAfter(write.applied, removed);
  });
}

/** Whether a purge is by tag: it neither needs the store, nor ends the runs that are under way. */
export function isByTag({ what }: Purge): boolean {
  return what === "tagged" || (what !== "all" && "tags" in what);
}

function isAfter(one: Moment, other: Moment): boolean {
  return one.seq > other.seq;
}
