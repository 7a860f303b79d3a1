import type { History, Request, Run } from "../history.ts";
import type { Model } from "../model.ts";
import { contentRange, partOf } from "../ranges.ts";

/**
 * Parts: who asked for a range is sent those bytes of one whole content, under its length, or told that there are none;
 * and who did not ask, or holds another version (`If-Range`), is sent the whole.
 */
export function* partsOf(
  model: Model,
  history: History,
  /** Whether what one run has said may stand under the head of another one's. */
  isUnder: (content: Run, head: Run) => boolean,
): Generator<string> {
  for (const request of history.requests) {
    const { id, status, range, ifRange, etag, headBy, fate } = request;
    if (!isPart(request)) continue;
    if (range === undefined) {
      yield `q${id} was told ${status}, and had asked for no range`;
      continue;
    }
    if (status === 206 && ifRange !== undefined && ifRange !== etag)
      yield `q${id} was sent a part of ${etag}, and holds one of ${ifRange}`;
    const by = model.run(headBy);
    // A 416 does not say whose head it has: then it is any that may be served.
    const heads = by === undefined ? history.runs.filter((each) => mayStand(model, request, each)) : [by];
    const isOfOne = heads.some((head) =>
      history.runs.some((each) => isOf(model, request, each) && (each === head || isUnder(each, head))),
    );
    if (!isOfOne)
      yield `q${id} was told ${status} with ${request.contentRange} of r${headBy}, and that is no part of it`;
    if (fate === "broken") yield `q${id} broke off in the middle of a part`;
  }
}

/** Whether a request was answered with a part that the cache has cut: its handler may have answered a range itself. */
export function isPart({ status, run }: Request): boolean {
  return (status === 206 || status === 416) && run?.said?.status !== status;
}

function mayStand(model: Model, request: Request, head: Run): boolean {
  const { run, decided } = request;
  if (head === run || decided === undefined) return head === run;
  return head.began.seq < decided.seq && model.forbids(request, head, decided) === undefined;
}

/** Whether a part is of a run's content. */
function isOf(model: Model, request: Request, whole: Run): boolean {
  const { range, status, body, fate } = request;
  if (range === undefined || whole.said?.status !== 200) return false;
  if (!model.isWhole(whole) || request.contentRange !== contentRange(range, whole)) return false;
  const part = partOf(range, whole);
  if (fate === "clean" ? body !== part : !part.startsWith(body)) return false;
  return (part === "") === (status === 416);
}
