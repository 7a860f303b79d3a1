import { combined, fieldOf } from "../../http/fields.ts";
import { formatNoVarySearch, isSameRule, parseNoVarySearch } from "../../http/no-vary-search.ts";
import type { SearchRule } from "../../http/no-vary-search.ts";
import { splitTarget } from "../../http/query.ts";
import type { HandlerHead, Policy, RequestRecord } from "../contract/request-and-policy.ts";

const FIELD = "no-vary-search";

/**
 * Learns the rule of a response that may be stored, and answers whether its key, which was made by another rule or by
 * none, is one that this rule allows.
 *
 * A key that was made without a rule always is. So the first response that says a rule is stored for its own target
 * alone, which costs one more run of the handler, and none is ever found by more requests than it allows itself.
 */
export function learnsRule(
  request: RequestRecord,
  policy: Policy,
  key: { readonly origin: string; readonly rule: SearchRule | undefined },
  head: HandlerHead,
): boolean {
  // The route's own key knows nothing of the query; of other methods, no response speaks for another target.
  const isOfQuery = policy.key === undefined && (request.method === "GET" || request.method === "HEAD");
  if (!policy.noVarySearch || !isOfQuery) return true;
  const rule = ruleOf(head, policy);
  policy.targets.learn(key.origin, splitTarget(request.target).path, rule);
  return key.rule === undefined || isSameRule(key.rule, rule);
}

function ruleOf(head: HandlerHead, policy: Policy): SearchRule | undefined {
  const said = combined(fieldOf(head.fields, FIELD) ?? fieldOf(head.earlier ?? [], FIELD));
  const rule = parseNoVarySearch(said);
  // What the route offers is no news: its keys are made so.
  return rule !== undefined && formatNoVarySearch(rule) === policy.searchOffer ? undefined : rule;
}

/** The field that a route offers where the handler, or a middleware before it, did not say its own. */
export function offeredField(
  head: HandlerHead,
  policy: Policy,
): readonly (readonly [name: string, value: string])[] {
  const isSaid =
    fieldOf(head.fields, FIELD) !== undefined || fieldOf(head.earlier ?? [], FIELD) !== undefined;
  return policy.searchOffer === undefined || isSaid ? [] : [[FIELD, policy.searchOffer]];
}
