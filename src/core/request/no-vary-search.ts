import { combined, fieldOf } from "../../http/fields.ts";
import { formatNoVarySearch, isSameRule, parseNoVarySearch } from "../../http/no-vary-search.ts";
import type { SearchRule } from "../../http/no-vary-search.ts";
import { splitTarget } from "../../http/query.ts";
import type { HandlerHead, Policy, RequestRecord } from "../contract/request-and-policy.ts";

const FIELD = "no-vary-search";

/** A key, as far as rules concern it: its origin, and the rule by which it was made. */
interface RuledKey {
  readonly origin: string;
  readonly rule: SearchRule | undefined;
}

/**
 * Whether a response may be stored under a key that was made by another rule than its own, or by none.
 *
 * A key that was made without a rule is always allowed. So the first response with a rule is stored for its own target
 * alone, which costs one more run of the handler, and no response is found by more requests than it allows itself.
 */
export function allowsKey(request: RequestRecord, policy: Policy, key: RuledKey, head: HandlerHead): boolean {
  return key.rule === undefined || !isRuled(request, policy) || isSameRule(key.rule, ruleOf(head, policy));
}

/** Learns, from a response that may be stored, which parameters of its path do not count. */
export function learnRule(request: RequestRecord, policy: Policy, key: RuledKey, head: HandlerHead): void {
  if (!isRuled(request, policy)) return;
  policy.targets.learn(key.origin, splitTarget(request.target).path, ruleOf(head, policy));
}

/** The route's own key knows nothing of the query; with other methods, no response speaks for another target. */
function isRuled({ method }: RequestRecord, policy: Policy): boolean {
  return policy.noVarySearch && policy.key === undefined && (method === "GET" || method === "HEAD");
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
