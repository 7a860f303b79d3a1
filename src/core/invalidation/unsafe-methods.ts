import { combined, fieldOf } from "../../http/fields.ts";
import { normaliseOrigin } from "../../http/origin.ts";
import type { HandlerHead, NormalizedTargets, RequestRecord } from "../contract/request-and-policy.ts";

/** Methods that change nothing (RFC 9110 §9.2.1, RFC 10008 §2); one that is not known may. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"]);

/** Whether a request may change what it names. */
export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

/**
 * Names the resources that a response to an unsafe request outdates: the target and, of the same origin only,
 * `Location` and `Content-Location` (RFC 9111 §4.4). None where the request failed.
 *
 * `origin` is the one that counts in keys. `memories` are those of all routes of the cache: a route may leave parameters
 * out of its keys that another one does not.
 */
export function outdated(
  request: RequestRecord,
  head: HandlerHead,
  origin: string,
  memories: Iterable<NormalizedTargets>,
): readonly string[] {
  if (head.status < 200 || head.status > 399) return [];
  const { target } = request;
  const received = normaliseOrigin(request.origin);
  const targets = [target];
  for (const name of ["location", "content-location"]) {
    const said = combined(fieldOf(head.fields, name));
    const url =
      said === undefined || !URL.canParse(said, received + target)
        ? undefined
        : new URL(said, received + target);
    if (url !== undefined && (url.origin === received || url.origin === normaliseOrigin(origin)))
      targets.push(url.pathname + url.search);
  }
  const resources = new Set<string>();
  for (const names of memories) {
    for (const path of targets) {
      const { uri, exact, resource } = names.peek(origin, path);
      resources.add(resource);
      // What was stored before a response said that some parameters do not count lies under all of them.
      if (uri !== exact) resources.add(resource.slice(0, -uri.length) + exact);
    }
  }
  return [...resources];
}
