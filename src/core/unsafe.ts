import { combined, fieldOf } from "../http/fields.ts";
import type { HandlerHead, Policy, RequestRecord } from "./types.ts";

/** Methods that change nothing (RFC 9110 §9.2.1, RFC 10008 §2); one that is not known may. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"]);

/** Whether a request may change what it names. */
export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

/**
 * Names the resources that a response to an unsafe request outdates: the target and, of the same origin only,
 * `Location` and `Content-Location` (RFC 9111 §4.4). None where the request failed.
 */
export function outdated(request: RequestRecord, head: HandlerHead, policy: Policy): readonly string[] {
  if (head.status < 200 || head.status > 399) return [];
  const { origin, target } = request;
  const targets = [target];
  for (const name of ["location", "content-location"]) {
    const said = combined(fieldOf(head.fields, name));
    const url =
      said === undefined || !URL.canParse(said, origin + target) ? undefined : new URL(said, origin + target);
    if (url !== undefined && url.origin === origin) targets.push(url.pathname + url.search);
  }
  return targets.flatMap((path) => {
    const { uri, exact, resource } = policy.names.of(origin, path);
    // What was stored before a response said that some parameters do not count lies under all of them.
    return uri === exact ? [resource] : [resource, resource.slice(0, -uri.length) + exact];
  });
}
