import type { Decision, Policy, RequestRecord } from "../contract/request-and-policy.ts";
import { outdatedGroups } from "../invalidation/tagging.ts";
import { outdated } from "../invalidation/unsafe-methods.ts";
import { originOf } from "../request/cache-key.ts";
import { PassFill } from "./pass-fill.ts";
import type { RunParts } from "./run.ts";

/** Lets an unsafe request past the cache, and removes what its success outdates (RFC 9111 §4.4). */
export function unsafeFill<Native>(
  parts: RunParts,
  request: RequestRecord<Native>,
  policy: Policy<Native>,
): Decision {
  const origin = originOf(request, policy);
  parts.count("bypass");
  parts.refused(policy.route, "method");
  return new PassFill(policy, "method", { fwd: "method", detail: "method" }, (head) => {
    if (head === undefined) return;
    for (const resource of outdated(request, head, origin, parts.memories(policy))) {
      parts.fence.purge(resource, parts.store.delete(resource));
    }
    parts.tags.invalidate(outdatedGroups(origin, head));
  });
}
