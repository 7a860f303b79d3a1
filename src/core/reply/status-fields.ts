import { appendCacheStatus, formatCacheStatus } from "../../http/cache-status.ts";
import type { CacheStatus } from "../../http/cache-status.ts";
import type { Fields, FieldValue } from "../../http/fields.ts";
import type { Digest } from "../contract/platform.ts";
import type { Policy } from "../contract/request-and-policy.ts";

/**
 * Returns the two status fields: the one-word status header, and `Cache-Status` (RFC 9211 §2), which begins with the
 * members of caches nearer to the handler in `inner`. The former tells whether the content is `fromCache`.
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

/** The `key` parameter of `Cache-Status`, where the cache tells it. */
export type Named = Pick<CacheStatus, "key">;

/**
 * Returns the `key` parameter of `Cache-Status` (RFC 9211 §2.7), where the cache tells it: a keyed digest of resource
 * and variant, which tells two entries apart and discloses neither (hazard 25).
 */
export function statusKey(policy: Policy, resource: string, variant: string, digest: Digest): Named {
  return policy.cacheStatusKey ? { key: hashedKey(resource, variant, digest) } : {};
}

/** Returns the digest that stands for one variant of one resource wherever its key must not be disclosed. */
export function hashedKey(resource: string, variant: string, digest: Digest): string {
  // The length keeps resource and variant apart.
  return digest.keyed(`key ${resource.length}:${resource}${variant}`);
}
