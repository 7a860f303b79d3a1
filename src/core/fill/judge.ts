import { areSendable } from "../../http/fields.ts";
import { isErrorStatus } from "../../http/status.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head, Policy } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";
import { jittered } from "../freshness/early-refresh.ts";
import { instantsOf } from "../freshness/freshness.ts";
import type { Instants } from "../freshness/freshness.ts";
import { placesOf } from "../invalidation/names.ts";
import { tagsOf } from "../invalidation/tags.ts";
import { allowsKey, learnRule } from "../request/no-vary-search.ts";
import { refusalOf } from "../storing/storable.ts";
import type { Run } from "./run.ts";

/** The parts of a future entry that follow from its head. */
export type Judged = Instants & Pick<Entry, "names" | "began" | "fillMs">;

/**
 * Returns the instants and names of the future entry, or why the response is not stored. `thrown` is the status of an
 * error that counts as a response (see `thrownAnswer`).
 *
 * Throws `ERR_CACHE_TTL` or `ERR_CACHE_TAGS` if a function of the route returns a wrong value.
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
  if (tags === undefined || (tags.length > 0 && !parts.canMark)) return "tags";
  const fill = policy.earlyRefresh > 0 ? { fillMs: Math.max(0, now - askedAt) } : {};
  const names = [...tags, ...placesOf(request, policy, run.key.origin, parts.digest)];
  return { ...instants, ...fill, names, began: run.began };
}

/** Returns why a head forbids storing its response, whatever its lifetime. Undefined: it does not. */
export function headRefusal(
  { policy, request, noStore, isBackground }: Run,
  head: Head,
  thrown?: number,
): Refusal | undefined {
  // An error page with another status than the thrown error is not its response (hazard 15).
  if (thrown !== undefined && thrown !== head.status) return "status";
  // A fetch that failed has status 0.
  if (isBackground && (policy.errorStatuses.has(head.status) || head.status < 200)) return "failed";
  if (noStore) return "no-store";
  return refusalOf(head, policy, request) ?? (areSendable(head.fields) ? undefined : "malformed");
}

/** Records the `No-Vary-Search` rule of a response, unless something other than that rule forbids storing it. */
export function learnFrom({ request, policy, key }: Run, head: Head, judgement: Judged | Refusal): void {
  if (typeof judgement !== "string" || judgement === "search-rule") learnRule(request, policy, key, head);
}

/** Returns whether a refusal says nothing about the next response for the same key. */
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

/** Returns whether a refusal means that the handler failed. */
export function isFailure(refusal: Refusal): boolean {
  return refusal === "failed" || refusal === "truncated";
}

/** Returns whether a response is stored without the late cookie that would forbid it: no other client is sent that. */
export function isStoredWithout(refusal: Refusal, { scope, setCookie }: Policy): boolean {
  return refusal === "late-cookie" && (typeof scope === "function" || setCookie === "strip");
}

/**
 * Returns the status of a thrown error that counts as a response and not as a failure (hazard 52): its `status` or
 * `statusCode`, else `given`, the status set on the response before. Undefined if that is not from 400 to 599, or is one of
 * the route's `errorStatuses`.
 */
export function thrownAnswer(error: unknown, { errorStatuses }: Policy, given?: number): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { status, statusCode } = error as { readonly status?: unknown; readonly statusCode?: unknown };
  const found = [status, statusCode, given].find(isErrorStatus);
  return found === undefined || errorStatuses.has(found) ? undefined : found;
}
