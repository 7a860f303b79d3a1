import { areSendable } from "../../http/fields.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head, Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { jittered } from "../freshness/early-refresh.ts";
import { instantsOf } from "../freshness/freshness.ts";
import type { Instants } from "../freshness/freshness.ts";
import { tagsOf } from "../invalidation/tagging.ts";
import type { Tagging } from "../invalidation/tags.ts";
import { learnsRule } from "../request/no-vary-search.ts";
import { refusalOf } from "../storing/storable.ts";
import type { Run } from "./run.ts";

/** Refusals that say nothing about the next response for the same key. */
export const OF_THE_MOMENT: ReadonlySet<Refusal> = new Set([
  "aborted",
  "credentials",
  "failed",
  "purged",
  "search-rule",
  "truncated",
]);

/** Refusals of what is an error and no answer. */
export const BREAKS: ReadonlySet<Refusal> = new Set(["failed", "truncated"]);

/** What an entry to be takes from its head. */
export type Judged = Instants & Tagging & Pick<Entry, "fillMs">;

/**
 * Why a head forbids storing, whenever it is asked. `thrown` is the status of an answer that the handler has thrown: what
 * an error handler sends with another one is not that answer (hazard 15).
 */
export function refusalIn(
  { policy, request, noStore, isBackground }: Run,
  head: Head,
  thrown?: number,
): Refusal | undefined {
  if (thrown !== undefined && thrown !== head.status) return "status";
  // A fetch that fails on its way has status 0.
  if (isBackground && (policy.errorStatuses.has(head.status) || head.status < 200)) return "failed";
  if (noStore) return "no-store";
  return refusalOf(head, policy, request) ?? (areSendable(head.fields) ? undefined : "malformed");
}

/** Judges a head: the instants and the tags of the entry to be, or why there will be none. */
export function judge(run: Run, head: Head, thrown?: number): Judged | Refusal {
  const { policy, parts, request, askedAt } = run;
  const refusal = refusalIn(run, head, thrown);
  if (refusal !== undefined) return refusal;
  const now = parts.clock.now();
  const shorten = (staleAt: number): number => jittered(staleAt, now, policy.jitter, parts.random);
  const instants = instantsOf(head, policy, now, askedAt, shorten, parts.aheadMs?.());
  if (instants === undefined) return "expired";
  if (!learnsRule(request, policy, run.key, head)) return "search-rule";
  const tags = tagsOf(request, head, policy, run.key.origin);
  const fill = policy.earlyRefresh > 0 ? { fillMs: Math.max(0, now - askedAt) } : {};
  return { ...instants, ...fill, ...(tags.length === 0 ? {} : { tags, taggedAt: run.taggedAt }) };
}

/** Whether a response is stored without what forbids it: a cookie, where it is for each user or nobody is given it. */
export function isLeftOut(refusal: Refusal, { scope, setCookie }: Policy): boolean {
  return refusal === "late-cookie" && (typeof scope === "function" || setCookie === "strip");
}
