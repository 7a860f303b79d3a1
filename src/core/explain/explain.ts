import { summaryOf } from "../contract/errors.ts";
import { checkedOptions } from "../contract/options.ts";
import type { RunParts } from "../fill/run.ts";
import { contentForms, describedRequest, describedUrl } from "./described-request.ts";
import type { ExplainRequest } from "./described-request.ts";
import { dryRun } from "./dry-run.ts";
import { explanationOf } from "./explanation.ts";
import type { Explanation, Findings } from "./explanation.ts";
import type { Routes } from "./routes.ts";

/** The parts of a cache that an explanation reads. */
export interface Explained {
  readonly parts: RunParts;
  readonly routes: Routes;
}

/**
 * Returns what would happen to a described request, and why. `by` is the second argument of `cache.explain`.
 *
 * Rejects with `ERR_CACHE_EXPLAIN` unless the URL is valid and exactly one route is meant.
 */
export async function explain(
  { parts, routes }: Explained,
  described: ExplainRequest,
  by?: { readonly route?: string },
): Promise<Explanation> {
  if (by !== undefined)
    checkedOptions(by, "cache.explain", { known: ["route"], example: '{ route: "GET /a" }' });
  const url = describedUrl(described);
  const { policy, doubt } = routes.choose(by?.route, described.method ?? "GET", url.target);
  const failures = new Set<string>();
  const store = parts.store.observer((error) => void failures.add(`The store failed: ${summaryOf(error)}.`));
  const find = async (content: unknown): Promise<readonly [Findings, string | undefined]> => {
    const { request, assumed } = describedRequest(described, url, policy.targets.origins(), content);
    return [await dryRun({ ...parts, store }, request, policy), assumed];
  };
  const [likely, ...others] = contentForms(described, policy.content);
  let [findings, assumed] = await find(likely);
  // The form of the content is not known. The one whose key the cache knows is the most likely.
  for (const form of findings.key?.content === undefined ? [] : others) {
    if (isKnown(findings)) break;
    const other = await find(form);
    if (isKnown(other[0])) [findings, assumed] = other;
  }
  // If nothing is looked up, the assumed origin does not matter.
  const origin = findings.key === undefined || policy.origin !== undefined ? undefined : assumed;
  const remarks = [doubt, origin, ...failures].filter((remark) => remark !== undefined);
  return explanationOf(findings, remarks);
}

/** Whether the cache knows the key of a request. */
function isKnown({ entry, verdict }: Findings): boolean {
  return entry !== undefined || verdict.outcome === "collapsed" || verdict.reason === "uncacheable";
}
