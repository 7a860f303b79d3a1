import type { Refusal } from "../contract/outcomes.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";

/**
 * Says why a request is not looked up, or undefined if it is.
 *
 * Credentials make a response one person's, unless the route said in words who may see it (hazards 1 and 36; stricter
 * than RFC 9111 §3.5, which speaks of `Authorization` alone).
 */
export function bypassReason<Native>(
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): Refusal | undefined {
  const { method } = request;
  if (!policy.methods.has(method) && !(method === "HEAD" && policy.methods.has("GET"))) return "method";
  // What answers it is another protocol, and no response to be kept (RFC 9110 §7.8; hazard 45).
  if (request.isUpgrade === true) return "upgrade";
  // The key of these holds no content, whoever reads it: it would shape the answer for all (hazard 38).
  if ((method === "GET" || method === "HEAD") && hasContent(request)) return "content";
  // By RFC 9111 §3.5 it is the response to such a request that may not be stored.
  if (policy.scope !== "anonymous") return undefined;
  return hasCredentials(request, policy.credentials) ? "credentials" : undefined;
}

function hasCredentials(request: RequestRecord, names: ReadonlySet<string>): boolean {
  if (request.hasCertificate === true) return true;
  if (request.hasAny !== undefined) return request.hasAny(names);
  for (const name of names) if (request.header(name) !== undefined) return true;
  return false;
}

/** Says by which credentials a request is one person's, in words, as far as they can be seen. */
export function credentialsOf(
  request: RequestRecord,
  { credentials }: Pick<Policy, "credentials">,
): string[] {
  const named = [...credentials].filter((name) => request.header(name) !== undefined);
  return [...(request.hasCertificate === true ? ["a client certificate"] : []), ...named];
}

/** Whether a request has content: its adapter knows, or its fields say so (RFC 9112 §6.3). */
function hasContent(request: RequestRecord): boolean {
  if (request.hasContent !== undefined) return request.hasContent;
  if (request.header("transfer-encoding") !== undefined) return true;
  const length = request.header("content-length");
  // What is no number is not nought.
  return length !== undefined && Number(length) !== 0;
}
