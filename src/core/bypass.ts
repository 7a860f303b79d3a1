import type { Refusal } from "./events.ts";
import type { Policy, RequestRecord } from "./types.ts";

/**
 * Says why a request is not looked up, or undefined if it is.
 *
 * Credentials make a response one person's, unless the route said in words who may see it (hazard 1; stricter than
 * RFC 9111 §3.5, which speaks of `Authorization` alone).
 */
export function bypassReason<Native>(
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): Refusal | undefined {
  const { method } = request;
  if (!policy.methods.has(method) && !(method === "HEAD" && policy.methods.has("GET"))) return "method";
  // By RFC 9111 §3.5 it is the response to such a request that may not be stored.
  if (policy.scope !== "anonymous") return undefined;
  const anonymous = request.header("authorization") === undefined && request.header("cookie") === undefined;
  return anonymous ? undefined : "credentials";
}
