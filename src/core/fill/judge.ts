import { areSendable } from "../../http/fields.ts";
import { isErrorStatus } from "../../http/status.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head, Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { jittered } from "../freshness/early-refresh.ts";
import { instantsOf } from "../freshness/freshness.ts";
import type { Instants } from "../freshness/freshness.ts";
import { tagsOf } from "../invalidation/tags.ts";
import type { Tagging } from "../invalidation/tags.ts";
import { allowsKey, learnRule } from "../request/no-vary-search.ts";
import { refusalOf } from "../storing/storable.ts";
import type { Run } from "./run.ts";

/** What a future entry takes from its head. */
export type Judged = Instants & Tagging & Pick<Entry, "fillMs">;

/**
 * Judges a head: returns the instants and the tags of the future entry, or why there will be none. `thrown` is the
 * status of an answer that the handler has thrown.
 */
export function judge(run: Run, head: Head, thrown?: number): Judged | Refusal {
  const { policy, parts, request, askedAt } = run;
  const refusal = headRefusal(run, head, thrown);
  if (refusal !== undefined) return refusal;
  const now = parts.clock.now();
  const shorten = (staleAt: number): number => jittered(staleAt, now, policy.jitter, parts.random);
  const instants = instantsOf(head, policy, now, askedAt, shorten, parts.aheadMs?.());
  if (instants === undefined) return "expired";
  if (!allowsKey(request, policy, run.key, head)) return "search-rule";
  const tags = tagsOf(request, head, policy, run.key.origin);
  if (tags === undefined) return "tags";
  const fill = policy.earlyRefresh > 0 ? { fillMs: Math.max(0, now - askedAt) } : {};
  return { ...instants, ...fill, ...(tags.length === 0 ? {} : { tags, taggedAt: run.taggedAt }) };
}

/** Why a head forbids storing its response, at any time. */
export function headRefusal(
  { policy, request, noStore, isBackground }: Run,
  head: Head,
  thrown?: number,
): Refusal | undefined {
  // An error page with another status than the thrown answer is not that answer (hazard 15).
  if (thrown !== undefined && thrown !== head.status) return "status";
  // A fetch that failed has status 0.
  if (isBackground && (policy.errorStatuses.has(head.status) || head.status < 200)) return "failed";
  if (noStore) return "no-store";
  return refusalOf(head, policy, request) ?? (areSendable(head.fields) ? undefined : "malformed");
}

/** Learns the `No-Vary-Search` rule of a response, unless something else than that rule forbids storing it. */
export function learnFrom({ request, policy, key }: Run, head: Head, judgement: Judged | Refusal): void {
  if (typeof judgement !== "string" || judgement === "search-rule") learnRule(request, policy, key, head);
}

/** Whether a refusal tells nothing about the next response for the same key. */
export function isMomentary(refusal: Refusal): boolean {
  return MOMENTARY.has(refusal);
}

const MOMENTARY: ReadonlySet<Refusal> = new Set([
  "aborted",
  "credentials",
  "failed",
  "purged",
  "search-rule",
  "truncated",
]);

/** Whether a refusal means that the handler failed and did not answer. */
export function isFailure(refusal: Refusal): boolean {
  return refusal === "failed" || refusal === "truncated";
}

/** Whether a response is stored without the field that forbids it: a cookie that no other client is sent. */
export function isStoredWithout(refusal: Refusal, { scope, setCookie }: Policy): boolean {
  return refusal === "late-cookie" && (typeof scope === "function" || setCookie === "strip");
}

/**
 * The status of a thrown error that is an answer and no outage (hazard 52): its own or, where it has none, the one that
 * the response was given before. Undefined for one of the route's error statuses, and for one that is no error's.
 */
export function thrownAnswer(error: unknown, { errorStatuses }: Policy, given?: number): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { status, statusCode } = error as { readonly status?: unknown; readonly statusCode?: unknown };
  const found = [status, statusCode, given].find(isErrorStatus);
  return found === undefined || errorStatuses.has(found) ? undefined : found;
}
