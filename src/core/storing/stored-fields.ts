import { formatEntityTag } from "../../http/etag.ts";
import { combined, endToEnd, fieldOf, isStoredField } from "../../http/fields.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import { mergeVary } from "../../http/vary.ts";
import type { Head, Policy } from "../contract/request-and-policy.ts";

/**
 * Returns the fields with which a response is stored: the handler's end-to-end fields, with an entity tag and the route's
 * declared `Vary`.
 *
 * `digest` makes a strong entity tag unless the handler set one (RFC 9110 §8.8.3).
 */
export function storedFields(head: Head, policy: Policy, digest: string | undefined): Fields {
  const fields: [string, FieldValue][] = [];
  for (const [name, value] of endToEnd(head.fields)) {
    if (name === "cache-tag" && policy.cacheTag === "strip") continue;
    if (name !== "vary" && isStoredField(name, policy)) fields.push([name, value]);
  }
  const vary = variesBy(head, policy);
  if (vary !== undefined) fields.push(["vary", vary]);
  if (digest !== undefined && isTagMissing(fields, policy)) fields.push(["etag", formatEntityTag(digest)]);
  return fields;
}

/**
 * Whether to make an entity tag. Not for a response with `Last-Modified` on a route with `revalidate`: the handler would be
 * shown a tag that it never set, and then has to ignore the date (RFC 9110 §13.1.3).
 */
function isTagMissing(fields: Fields, policy: Policy): boolean {
  if (fieldOf(fields, "etag") !== undefined) return false;
  return !policy.revalidate || fieldOf(fields, "last-modified") === undefined;
}

/** Returns the `Vary` of a response of this route. Undefined: none. */
export function variesBy(head: Head, policy: Policy): string | undefined {
  const own = fieldOf(head.fields, "vary");
  const added = [...policy.vary, ...impliedBy(head)];
  return own === undefined && added.length === 0 ? undefined : mergeVary(own, added);
}

/**
 * Returns a resource's new `vary` list, sorted: the names `known` already, those of the route, and those that the response
 * names or implies.
 */
export function variantFields(known: readonly string[], head: Head, policy: Policy): readonly string[] {
  const own = head.vary === "*" ? [] : head.vary;
  return [...new Set([...known, ...policy.vary, ...own, ...impliedBy(head)])].toSorted();
}

/**
 * Returns what a response varies by even if its `Vary` lacks it (hazard 4). A coded response is for clients that accept the
 * coding. One that allows an origin to read it is for that origin (Fetch Standard, "CORS protocol and HTTP caches").
 */
function impliedBy({ fields }: Head): readonly string[] {
  const names: string[] = [];
  if (fieldOf(fields, "content-encoding") !== undefined) names.push("accept-encoding");
  const origin = combined(fieldOf(fields, "access-control-allow-origin"));
  if (origin !== undefined && origin.trim() !== "*") names.push("origin");
  return names;
}
