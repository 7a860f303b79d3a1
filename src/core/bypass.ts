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
  // The key of these holds no content, whoever reads it: it would shape the answer for all (hazard 38).
  if ((method === "GET" || method === "HEAD") && hasContent(request)) return "content";
  // By RFC 9111 §3.5 it is the response to such a request that may not be stored.
  if (policy.scope !== "anonymous") return undefined;
  const anonymous = request.header("authorization") === undefined && request.header("cookie") === undefined;
  return anonymous ? undefined : "credentials";
}

/** Whether a request has content: its fields say so (RFC 9112 §6.3), or its adapter does. */
function hasContent(request: RequestRecord): boolean {
  if (request.hasContent === true || request.header("transfer-encoding") !== undefined) return true;
  const length = request.header("content-length");
  // What is no number is not nought.
  return length !== undefined && Number(length) !== 0;
}
