import { combined, fieldOf } from "../../http/fields.ts";
import { NonceFinder } from "../../http/nonce.ts";
import type { Refusal } from "../contract/outcomes.ts";
import type { Head, Policy, RequestRecord } from "../contract/request-and-policy.ts";

/** Final statuses whose meaning for a cache is known (RFC 9110 §15, RFC 9111 §5.2.2.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 421, 500, 501, 502, 503,
  504,
]);

/**
 * Returns why a head forbids storing its response, or undefined if it does not.
 *
 * No option overrides the handler's `no-store`, `private` and `no-cache` (RFC 9111 §3, §5.2.2). With `revalidate` a
 * response with `no-cache` is stored, because its handler is asked on every request.
 */
export function refusalOf(
  head: Head,
  policy: Policy,
  request: Pick<RequestRecord, "header">,
): Refusal | undefined {
  // First, because a response for one user says nothing about the next response for the same key.
  if (isOfOneUser(head, policy, request)) return "credentials";
  if (!isStoredStatus(head.status, policy)) return "status";
  const { noStore, noCache, mustUnderstand } = head.cacheControl;
  if (mustUnderstand && !UNDERSTOOD.has(head.status)) return "status";
  if (noStore) return "no-store";
  if (head.cacheControl.private !== false) return "private";
  if (noCache !== false && !policy.revalidate) return "no-cache";
  if (head.vary === "*") return "vary-any";
  // The content has a transfer coding, which a hit, with its own framing, would lose (RFC 9112 §6.1).
  if (!/^(?:chunked)?$/i.test(combined(fieldOf(head.fields, "transfer-encoding")) ?? "")) return "malformed";
  if (policy.setCookie === "refuse" && fieldOf(head.fields, "set-cookie") !== undefined) return "set-cookie";
  if (head.nonces.length > 0 && hasOneTimeNonce(head)) return "nonce";
  // An event stream never ends, and its events are for those who read them as they come.
  if (/^text\/event-stream\b/i.test(combined(fieldOf(head.fields, "content-type")) ?? ""))
    return "event-stream";
  return undefined;
}

/** A 206 is a part and a 304 has no content: neither is a whole response, whatever the route accepts. */
function isStoredStatus(status: number, policy: Policy): boolean {
  if (status === 206 || status === 304) return false;
  return policy.statuses === "any" ? status >= 200 && status <= 599 : policy.statuses.has(status);
}

/**
 * Returns whether a response under `scope: "shared"` is only for the user whose request has `Authorization`: it is unless
 * its `Cache-Control` has `public`, `s-maxage` or `must-revalidate` (RFC 9111 §3.5).
 */
export function isOfOneUser(
  { cacheControl }: Head,
  policy: Policy,
  request: Pick<RequestRecord, "header">,
): boolean {
  if (policy.scope !== "shared" || request.header("authorization") === undefined) return false;
  return !cacheControl.public && !cacheControl.mustRevalidate && cacheControl.sMaxage === undefined;
}

/** The most nonces to search the content for. The search takes their number times its length. */
const MOST_NONCES = 16;

/**
 * Whether a head with nonces forbids storing (hazard 37). A nonce that everybody gets protects nobody, so no field of the
 * handler may have one. Earlier middleware sends another nonce on each hit, so the content must not contain this one. And
 * it has to be in a form that can be searched: at most 16 nonces, no coding, no UTF-16 or UTF-32.
 */
function hasOneTimeNonce({ fields, nonces }: Head): boolean {
  if (nonces.length > MOST_NONCES) return true;
  const coding = combined(fieldOf(fields, "content-encoding"));
  if (coding !== undefined && !/^identity$/i.test(coding)) return true;
  if (/charset="?utf-?(?:16|32)/i.test(combined(fieldOf(fields, "content-type")) ?? "")) return true;
  const encoder = new TextEncoder();
  return fields.some(([, value]) => new NonceFinder(nonces).finds(encoder.encode([value].flat().join("\n"))));
}
