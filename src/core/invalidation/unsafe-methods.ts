import { combined, fieldOf } from "../../http/fields.ts";
import { normalizeOrigin } from "../../http/origin.ts";
import type { HandlerHead, NormalizedTargets, RequestRecord } from "../contract/request-and-policy.ts";

/** The safe methods (RFC 9110 §9.2.1, RFC 10008 §2). An unknown method counts as unsafe. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"]);

/** Returns whether a method is unsafe. */
export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

/**
 * Returns the resources that a response to an unsafe request outdates: the target URI and, if of the same origin, those in
 * `Location` and `Content-Location` (RFC 9111 §4.4). None if the request failed.
 *
 * `origin` is the one in keys. `routes` are the normalized targets of every route of the cache, because routes may differ in
 * the parameters that enter the key.
 */
export function outdatedResources(
  request: RequestRecord,
  head: HandlerHead,
  origin: string,
  routes: Iterable<NormalizedTargets>,
): readonly string[] {
  if (head.status < 200 || head.status > 399) return [];
  const { target } = request;
  const received = normalizeOrigin(request.origin);
  const paths = [target];
  for (const name of ["location", "content-location"]) {
    const value = combined(fieldOf(head.fields, name));
    const url =
      value === undefined || !URL.canParse(value, received + target)
        ? undefined
        : new URL(value, received + target);
    if (url !== undefined && (url.origin === received || url.origin === normalizeOrigin(origin)))
      paths.push(url.pathname + url.search);
  }
  const resources = new Set<string>();
  for (const targets of routes) {
    for (const path of paths) {
      const { uri, exact, resource } = targets.peek(origin, path);
      resources.add(resource);
      // Entries from before the path had a `No-Vary-Search` rule are stored under the exact URI.
      if (uri !== exact) resources.add(resource.slice(0, -uri.length) + exact);
    }
  }
  return [...resources];
}
