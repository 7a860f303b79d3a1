import type { Refusal } from "../contract/outcomes.ts";
import type { Decision, Policy } from "../contract/request-and-policy.ts";
import type { RunParts } from "../fill/run.ts";
import { toldOfRefused } from "../reply/client-cache-control.ts";
import { statusFields } from "../reply/status-fields.ts";
import type { StatusKey } from "../reply/status-fields.ts";

/** Returns the decision to bypass the cache, and counts and reports its reason. */
export function bypass<Native>(
  parts: RunParts,
  policy: Policy<Native>,
  reason: Refusal,
  key: StatusKey = {},
): Decision {
  // A HEAD was looked up, so it is a miss. Requests with other reasons were not.
  const outcome = reason === "head" ? "miss" : "bypass";
  const fwd = reason === "method" ? "method" : reason === "head" ? "uri-miss" : "bypass";
  parts.count(outcome);
  parts.refused(policy, reason);
  const fields = statusFields(policy, { fwd, detail: reason, ...key }, undefined);
  // The response to a method that is not cached here is not stored elsewhere either (RFC 9110 §9.2.3).
  const isOfOne = reason === "head" || reason === "content";
  const unlessSet = isOfOne ? toldOfRefused(policy, NO_FIELDS) : undefined;
  return { kind: "bypass", outcome, reason, fields, unlessSet };
}

/** The handler's head is not known yet. */
const NO_FIELDS = { fields: [] };

/** Returns a 504: the request has `only-if-cached`, and nothing stored satisfies it (RFC 9111 §5.2.1.7). */
export function unsatisfied<Native>(parts: RunParts, policy: Policy<Native>, key: StatusKey): Decision {
  parts.count("bypass");
  const fields = statusFields(policy, { detail: "only-if-cached", ...key }, undefined);
  const reply = { status: 504, fields: [["content-length", "0"] as const, ...fields], body: undefined };
  return { kind: "serve", outcome: "bypass", reply };
}
