import { spreadOf } from "../statistics.ts";
import type { Answer, Loaded, Purge } from "./setting.ts";

/** For how long after a purge another node may still serve what it purged, in ms. */
export const BOUND_MS = 50;

/** What one run shows. */
export interface Verdict {
  readonly requests: number;
  readonly failed: number;
  /** The share of requests served from the cache. */
  readonly hits: number;
  /** Responses of a node that knew that it could not read what others invalidate. They are not counted as stale. */
  readonly blind: number;
  readonly purges: number;
  /** Purges that said they hold everywhere. */
  readonly everywhere: number;
  /** How long a purge took, in ms. */
  readonly purgeMs: { readonly median: number; readonly most: number };
  /** Stale responses of the node that purged, to requests sent after the purge had resolved. */
  readonly staleThere: number;
  /** Stale responses of the other node, to requests sent later than the bound after the purge had resolved. */
  readonly staleElsewhere: number;
  /** Stale responses of the other node within the bound. That there are any shows that stale ones are seen. */
  readonly staleWithin: number;
  /** How long after a purge the last request was sent that the other node's response to was stale, in ms. */
  readonly noticedMs: { readonly median: number; readonly most: number };
}

export function verdictOf({ answers, failed }: Loaded, purges: readonly Purge[]): Verdict {
  const counts = { staleThere: 0, staleElsewhere: 0, staleWithin: 0 };
  for (const answer of answers) {
    if (answer[4]) continue;
    if (isStale(answer, purges, (purge) => purge.node === answer[0], 0)) counts.staleThere++;
    else if (isStale(answer, purges, () => true, BOUND_MS)) counts.staleElsewhere++;
    else if (isStale(answer, purges, () => true, 0)) counts.staleWithin++;
  }
  const took = spreadOf(purges.map(({ startedAt, resolvedAt }) => resolvedAt - startedAt));
  const noticed = spreadOf(purges.map((purge) => noticedAfter(purge, answers)));
  return {
    requests: answers.length + failed,
    failed,
    hits: answers.filter(([, , , isHit]) => isHit).length / answers.length,
    blind: answers.filter(([, , , , isBlind]) => isBlind).length,
    purges: purges.length,
    everywhere: purges.filter(({ everywhere }) => everywhere).length,
    purgeMs: { median: took.median, most: took.largest },
    ...counts,
    noticedMs: { median: noticed.median, most: noticed.largest },
  };
}

/** Whether a response is older than some purge that had resolved at least `ms` before its request was sent. */
function isStale(
  [, sentAt, version]: Answer,
  purges: readonly Purge[],
  isMeant: (purge: Purge) => boolean,
  ms: number,
): boolean {
  return purges.some((purge) => {
    return version < purge.version && sentAt > purge.resolvedAt + ms && isMeant(purge);
  });
}

function noticedAfter(purge: Purge, answers: readonly Answer[]): number {
  let last = 0;
  for (const [node, sentAt, version, , isBlind] of answers)
    if (node !== purge.node && !isBlind && version < purge.version)
      last = Math.max(last, sentAt - purge.resolvedAt);
  return last;
}
