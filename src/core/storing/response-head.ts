import { combined, fieldOf } from "../../http/fields.ts";
import { noncesOf, POLICY_FIELDS } from "../../http/nonce.ts";
import { parseCacheControls } from "../../http/targeted.ts";
import { parseVary } from "../../http/vary.ts";
import type { HandlerHead, Head } from "../contract/request-and-policy.ts";

/** `Vary` members whose middleware runs again on every hit. */
const OF_EACH_HIT: ReadonlySet<string> = new Set(["origin", "accept-encoding"]);

/**
 * Parses the caching fields of a handler's head and of the earlier middleware.
 *
 * An earlier `Cache-Control` counts unless the handler set or removed it. An earlier `Vary` counts too, because middleware
 * that negotiates (a language, a tenant) decides what the handler sees. Those of CORS and compression do not count, since
 * that middleware runs again on every hit.
 */
export function readHead(head: HandlerHead): Head {
  const { making } = head;
  const earlier = head.earlier ?? [];
  const value = (name: string): string | undefined => {
    const own = fieldOf(head.fields, name);
    const before = making?.removed?.includes(name) === true ? undefined : fieldOf(earlier, name);
    if (own === undefined || before === undefined) return combined(own ?? before);
    return combined(making?.added?.includes(name) === true ? [before, own].flat() : own);
  };
  const { cacheControl, isTargeted } = parseCacheControls(value("cdn-cache-control"), value("cache-control"));
  const vary = bothOf(parseVary(fieldOf(head.fields, "vary")), parseVary(fieldOf(earlier, "vary")));
  const nonces = noncesOf(POLICY_FIELDS.map(value));
  const { status, fields, tags } = head;
  return { status, fields, earlier, making, tags, cacheControl, isTargeted, vary, nonces };
}

/** Joins the `Vary` of the handler and of earlier middleware. */
function bothOf(own: Head["vary"], before: Head["vary"]): Head["vary"] {
  if (own === "*" || before === "*") return "*";
  if (before.length === 0) return own;
  return [...new Set([...own, ...before.filter((name) => !OF_EACH_HIT.has(name))])];
}
