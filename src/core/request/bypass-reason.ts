import type { Refusal } from "../contract/outcomes.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";

/**
 * Returns why a request bypasses the cache, or undefined if it is looked up.
 *
 * A response to a request with credentials may be one person's, unless the route has a `scope` (hazards 1 and 36). This is
 * stricter than RFC 9111 §3.5, which covers `Authorization` only.
 */
export function bypassReason<Native>(
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): Refusal | undefined {
  if (!policy.isEnabled) return "disabled";
  const { method } = request;
  if (!policy.methods.has(method) && !(method === "HEAD" && policy.methods.has("GET"))) return "method";
  // The connection switches to another protocol; there is no response to store (RFC 9110 §7.8; hazard 45).
  if (request.isUpgrade === true) return "upgrade";
  // The key of a GET has no content. If the handler reads it, one client's content would decide the response for all
  // (hazard 38).
  if ((method === "GET" || method === "HEAD") && hasContent(request)) return "content";
  // Under `shared`, RFC 9111 §3.5 forbids storing some of these responses, not looking them up.
  if (policy.scope !== "anonymous") return undefined;
  return hasCredentials(request, policy.credentials) ? "credentials" : undefined;
}

function hasCredentials(request: RequestRecord, names: ReadonlySet<string>): boolean {
  if (request.hasCertificate === true) return true;
  if (request.hasAny !== undefined) return request.hasAny(names);
  for (const name of names) if (request.header(name) !== undefined) return true;
  return false;
}

/** Returns the names of the credentials that a request has, for reports. */
export function credentialsOf(
  request: RequestRecord,
  { credentials }: Pick<Policy, "credentials">,
): string[] {
  const named = [...credentials].filter((name) => request.header(name) !== undefined);
  return [...(request.hasCertificate === true ? ["a client certificate"] : []), ...named];
}

/** Whether a request has content: as its adapter reports, else by its fields (RFC 9112 §6.3). */
function hasContent(request: RequestRecord): boolean {
  if (request.hasContent !== undefined) return request.hasContent;
  if (request.header("transfer-encoding") !== undefined) return true;
  const length = request.header("content-length");
  // A malformed length counts as content.
  return length !== undefined && Number(length) !== 0;
}
