import { combined, fieldOf } from "../http/fields.ts";
import type { Refusal } from "./events.ts";
import type { Head, Policy } from "./types.ts";

/**
 * Says why a response with this head is never stored, or undefined if nothing in its head forbids it.
 *
 * The handler has the last word on secrecy: `no-store`, `private` and `no-cache` win over every option
 * (RFC 9111 §3, §5.2.2).
 */
export function refusalOf(head: Head, policy: Policy): Refusal | undefined {
  // A 206 is a part and a 304 has no content: neither is a whole response, whatever the route accepts.
  if (!policy.statuses.has(head.status) || head.status === 206 || head.status === 304) return "status";
  const { noStore, noCache } = head.cacheControl;
  if (noStore) return "no-store";
  if (head.cacheControl.private !== false) return "private";
  if (noCache !== false) return "no-cache";
  if (head.vary === "*") return "vary-any";
  if (policy.setCookie === "refuse" && fieldOf(head.fields, "set-cookie") !== undefined) return "set-cookie";
  // An event stream never ends; its parts are of the moment.
  if (/^text\/event-stream\b/i.test(combined(fieldOf(head.fields, "content-type")) ?? ""))
    return "event-stream";
  return undefined;
}
