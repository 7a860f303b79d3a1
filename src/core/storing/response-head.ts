import { combined, fieldOf } from "../../http/fields.ts";
import { noncesOf, POLICY_FIELDS } from "../../http/nonce.ts";
import { parseCacheControls } from "../../http/targeted.ts";
import { parseVary } from "../../http/vary.ts";
import type { HandlerHead, Head } from "../contract/request-and-policy.ts";

/** Members that a middleware before the lookup may name and whose work it does anew on every hit. */
const SAID_AFRESH: ReadonlySet<string> = new Set(["origin", "accept-encoding"]);

/**
 * Reads what a handler's head says, with what was said before the lookup.
 *
 * An earlier `Cache-Control` counts where the handler gave none and left that one. An earlier `Vary` counts too, because a middleware
 * that negotiates (a language, a tenant) decides what the handler sees; but not for CORS and compression, which
 * treat every hit anew.
 */
export function readHead(head: HandlerHead): Head {
  const { making } = head;
  const earlier = head.earlier ?? [];
  const said = (name: string): string | undefined => {
    const own = fieldOf(head.fields, name);
    const before = making?.removed?.includes(name) === true ? undefined : fieldOf(earlier, name);
    if (own === undefined || before === undefined) return combined(own ?? before);
    return combined(making?.added?.includes(name) === true ? [before, own].flat() : own);
  };
  const { cacheControl, isTargeted } = parseCacheControls(said("cdn-cache-control"), said("cache-control"));
  const vary = bothOf(parseVary(fieldOf(head.fields, "vary")), parseVary(fieldOf(earlier, "vary")));
  const nonces = noncesOf(POLICY_FIELDS.map(said));
  const { status, fields } = head;
  return { status, fields, earlier, making, cacheControl, isTargeted, vary, nonces };
}

/** What a handler's response varies by, and what a middleware before the lookup makes it vary by. */
function bothOf(own: Head["vary"], before: Head["vary"]): Head["vary"] {
  if (own === "*" || before === "*") return "*";
  if (before.length === 0) return own;
  return [...new Set([...own, ...before.filter((name) => !SAID_AFRESH.has(name))])];
}
