import { combined, fieldOf } from "../../http/fields.ts";
import { formatNoVarySearch, isSameRule, parseNoVarySearch } from "../../http/no-vary-search.ts";
import type { SearchRule } from "../../http/no-vary-search.ts";
import { splitTarget } from "../../http/query.ts";
import type { HandlerHead, Policy, RequestRecord } from "../contract/request-and-policy.ts";

const FIELD = "no-vary-search";

/** The origin of a key, and the rule by which it was made. */
interface RuledKey {
  readonly origin: string;
  readonly rule: SearchRule | undefined;
}

/**
 * Returns whether a response may be stored under `key`, which was made by an earlier rule or by none.
 *
 * A key without a rule is always allowed. So the first response with a rule is stored for its own target only. That costs
 * one more run of the handler, but no response is ever found by a request that its own rule does not allow.
 */
export function allowsKey(request: RequestRecord, policy: Policy, key: RuledKey, head: HandlerHead): boolean {
  return key.rule === undefined || !isRuled(request, policy) || isSameRule(key.rule, ruleOf(head, policy));
}

/** Records the rule of a storable response for its path. */
export function learnRule(request: RequestRecord, policy: Policy, key: RuledKey, head: HandlerHead): void {
  if (!isRuled(request, policy)) return;
  policy.targets.setRule(key.origin, splitTarget(request.target).path, ruleOf(head, policy));
}

/** A `key` function ignores the query. With other methods, a response is never shared between targets. */
function isRuled({ method }: RequestRecord, policy: Policy): boolean {
  return policy.noVarySearch && policy.key === undefined && (method === "GET" || method === "HEAD");
}

function ruleOf(head: HandlerHead, policy: Policy): SearchRule | undefined {
  const value = combined(fieldOf(head.fields, FIELD) ?? fieldOf(head.earlier ?? [], FIELD));
  const rule = parseNoVarySearch(value);
  // The keys of the route follow its own offer already.
  return rule !== undefined && formatNoVarySearch(rule) === policy.searchOffer ? undefined : rule;
}

/** Returns the route's own `No-Vary-Search`, unless the handler or earlier middleware set one. */
export function offeredField(
  head: HandlerHead,
  policy: Policy,
): readonly (readonly [name: string, value: string])[] {
  const isSet = fieldOf(head.fields, FIELD) !== undefined || fieldOf(head.earlier ?? [], FIELD) !== undefined;
  return policy.searchOffer === undefined || isSet ? [] : [[FIELD, policy.searchOffer]];
}
