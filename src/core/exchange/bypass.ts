import type { Refusal } from "../contract/outcomes.ts";
import type { Decision, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import { PassRun } from "../fill/pass-fill.ts";
import type { RunParts } from "../fill/run.ts";
import { outdatedGroups } from "../invalidation/tagging.ts";
import { outdated } from "../invalidation/unsafe-methods.ts";
import { statusFields } from "../reply/status-fields.ts";
import type { Named } from "../reply/status-fields.ts";
import { originOf } from "../request/cache-key.ts";

/** Lets a request past the cache, and says why. */
export function bypass<Native>(
  parts: RunParts,
  policy: Policy<Native>,
  reason: Refusal,
  key: Named = {},
): Decision {
  // A HEAD that found nothing is a plain miss; all else was never looked up.
  const outcome = reason === "head" ? "miss" : "bypass";
  const fwd = reason === "method" ? "method" : reason === "head" ? "uri-miss" : "bypass";
  parts.count(outcome);
  parts.refused(policy.route, reason);
  const fields = statusFields(policy, { fwd, detail: reason, ...key }, undefined);
  return { kind: "bypass", outcome, reason, fields };
}

/** Lets an unsafe request past the cache, and removes what its success outdates (RFC 9111 §4.4). */
export function passUnsafe<Native>(
  parts: RunParts,
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): Decision {
  const origin = originOf(request, policy);
  parts.count("bypass");
  parts.refused(policy.route, "method");
  return new PassRun(policy, "method", { fwd: "method", detail: "method" }, (head) => {
    if (head === undefined) return;
    for (const resource of outdated(request, head, origin, parts.memories(policy))) {
      parts.fence.purge(resource, parts.store.delete(resource));
    }
    parts.tags.invalidate(outdatedGroups(origin, head));
  });
}

/** Answers a client that wants nothing but what is stored, where nothing stored satisfies it (RFC 9111 §5.2.1.7). */
export function refuseToAsk<Native>(parts: RunParts, policy: Policy<Native>, key: Named): Decision {
  parts.count("bypass");
  const fields = statusFields(policy, { detail: "only-if-cached", ...key }, undefined);
  const reply = { status: 504, fields: [["content-length", "0"] as const, ...fields], body: undefined };
  return { kind: "serve", outcome: "bypass", reply };
}
