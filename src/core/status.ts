import { appendCacheStatus, formatCacheStatus } from "../http/cache-status.ts";
import type { CacheStatus } from "../http/cache-status.ts";
import type { FieldValue, Fields } from "../http/fields.ts";
import type { Policy } from "./types.ts";

/**
 * Answers the two fields that say what happened: the one-word status header, and `Cache-Status` (RFC 9211 §2) after
 * what the caches nearer to the handler said in `inner`.
 */
export function statusFields(
  policy: Policy,
  status: Omit<CacheStatus, "cache">,
  inner: FieldValue | undefined,
): Fields {
  const fields: [string, FieldValue][] = [];
  const { statusHeader, cacheStatus } = policy;
  if (statusHeader !== undefined) {
    fields.push([statusHeader.name, status.hit === true ? statusHeader.hit : statusHeader.miss]);
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
