import { appendCacheStatus, formatCacheStatus } from "../../http/cache-status.ts";
import type { CacheStatus } from "../../http/cache-status.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy } from "../contract/request-and-policy.ts";

/**
 * Returns the status header, which has one word for whether the content is `fromCache`, and `Cache-Status` (RFC 9211 §2).
 * `inner` are the members of caches nearer to the origin, which come first. A policy may have only one of them, or neither.
 */
export function statusFields(
  policy: Policy,
  status: Omit<CacheStatus, "cache">,
  inner: FieldValue | undefined,
  fromCache: boolean = status.hit === true,
): Fields {
  const fields: [string, FieldValue][] = [];
  const { statusHeader, cacheStatus } = policy;
  if (statusHeader !== undefined) {
    fields.push([statusHeader.name, fromCache ? statusHeader.hit : statusHeader.miss]);
  }
  if (cacheStatus !== undefined) {
    fields.push([
      "cache-status",
      appendCacheStatus(inner, formatCacheStatus({ cache: cacheStatus, ...status })),
    ]);
  } else if (inner !== undefined) {
    fields.push(["cache-status", inner]);
  }
  return fields;
}

/** The `key` parameter of `Cache-Status`, if the policy has it. */
export type StatusKey = Pick<CacheStatus, "key">;

/**
 * Returns the `key` parameter of `Cache-Status` (RFC 9211 §2.7), or nothing unless the policy has it. It is a keyed digest of
 * resource and variant, which distinguishes entries without disclosing their keys (hazard 25).
 */
export function statusKey(policy: Policy, resource: string, variant: string, digest: Digest): StatusKey {
  return policy.cacheStatusKey ? { key: hashedKey(resource, variant, digest) } : {};
}

/** Returns a keyed digest of one variant of one resource, for places where its key must not be disclosed. */
export function hashedKey(resource: string, variant: string, digest: Digest): string {
  // The length keeps resource and variant apart.
  return digest.keyed(`key ${resource.length}:${resource}${variant}`);
}
