import { summaryOf } from "../contract/errors.ts";
import { checkedOptions } from "../contract/options.ts";
import type { RunParts } from "../fill/run.ts";
import type { GuardedStore } from "../lookup/guarded-store.ts";
import { contentForms, describedRequest, describedUrl } from "./described-request.ts";
import type { ExplainRequest } from "./described-request.ts";
import { dryRun } from "./dry-run.ts";
import { explanationOf } from "./explanation.ts";
import type { Explanation, Findings } from "./explanation.ts";
import type { Routes } from "./routes.ts";

/** The parts of a cache that an explanation looks into. */
export interface Explained {
  readonly parts: RunParts;
  readonly routes: Routes;
  /** Guards the cache's store for one explanation, which reports failures itself. */
  guardedStore(onError: (error: unknown) => void): GuardedStore;
}

/**
 * Explains what would happen to a described request. `by` is the second argument of `cache.explain`. Throws
 * `ERR_CACHE_EXPLAIN` where the request does not belong to exactly one route.
 */
export async function explain(
  { parts, routes, guardedStore }: Explained,
  asked: ExplainRequest,
  by?: { readonly route?: string },
): Promise<Explanation> {
  if (by !== undefined)
    checkedOptions(by, "cache.explain", { known: ["route"], example: '{ route: "GET /a" }' });
  const url = describedUrl(asked);
  const { policy, doubt } = routes.choose(by?.route, asked.method ?? "GET", url.target);
  const failures = new Set<string>();
  const store = guardedStore((error) => void failures.add(`The store failed: ${summaryOf(error)}.`));
  const find = async (content: unknown): Promise<readonly [Findings, string | undefined]> => {
    const { request, assumed } = describedRequest(asked, url, policy.targets.origins(), content);
    return [await dryRun({ ...parts, store }, request, policy), assumed];
  };
  const [likely, ...others] = contentForms(asked, policy.content);
  let [findings, assumed] = await find(likely);
  // Only what is known of its key tells which body parser has read the content.
  for (const form of findings.key?.content === undefined ? [] : others) {
    if (isKnown(findings)) break;
    const other = await find(form);
    if (isKnown(other[0])) [findings, assumed] = other;
  }
  // The origin is no part of the key where nothing is looked up.
  const origin = findings.key === undefined || policy.origin !== undefined ? undefined : assumed;
  const remarks = [doubt, origin, ...failures].filter((remark) => remark !== undefined);
  return explanationOf(findings, remarks);
}

/** Whether the cache knows the key of a request. */
function isKnown({ entry, verdict }: Findings): boolean {
  return entry !== undefined || verdict.outcome === "collapsed" || verdict.reason === "uncacheable";
}
