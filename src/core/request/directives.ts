import { parseCacheControl } from "../../http/cache-control.ts";
import type { CacheControl } from "../../http/cache-control.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import { parseCacheControls } from "../../http/targeted.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";

/** What a request demands of a stored response (RFC 9111 §5.2.1). */
export interface RequestDirectives {
  /** Nothing of this exchange is stored. */
  readonly noStore: boolean;
  /** Where nothing stored satisfies it, the answer is 504. */
  readonly onlyIfCached: boolean;
  /**
   * The request says how old a response may be and not that it may be stale: it wants none that is, except in the place of
   * an error (RFC 9111 §5.2.1.1, RFC 5861 §4).
   */
  readonly wantsFresh: boolean;
  /** Whether an entry satisfies the request without asking the handler. */
  accepts(entry: Entry, now: number): boolean;
  /** Whether the request leaves it to the cache to serve an entry stale. */
  allowsStale(entry: Entry, now: number): boolean;
}

const NO_DIRECTIVES: RequestDirectives = Object.freeze({
  noStore: false,
  onlyIfCached: false,
  wantsFresh: false,
  accepts: (entry: Entry, now: number) => now < entry.staleAt,
  allowsStale: () => true,
});

/** Reads what a request demands, where the policy lets clients demand anything. */
export function directivesOf(request: RequestRecord, policy: Policy): RequestDirectives {
  if (!policy.requestDirectives) return NO_DIRECTIVES;
  const said = request.header("cache-control");
  // `Pragma: no-cache` counts where there is no `Cache-Control` (RFC 9111 §5.4).
  const pragma = said === undefined && /(^|,)\s*no-cache\s*(,|$)/i.test(request.header("pragma") ?? "");
  if (said === undefined && !pragma) return NO_DIRECTIVES;
  const asked = parseCacheControl(pragma ? "no-cache" : said);
  return {
    noStore: asked.noStore,
    onlyIfCached: asked.onlyIfCached,
    wantsFresh: asked.maxAge !== undefined && asked.maxStale === undefined,
    accepts: (entry, now) => isAccepted(entry, now, asked),
    allowsStale: (entry, now) => isStaleAllowed(entry, now, asked),
  };
}

function isAccepted(entry: Entry, now: number, asked: CacheControl): boolean {
  if (asked.noCache !== false) return false;
  if (asked.maxAge !== undefined && now - entry.storedAt > asked.maxAge * 1000) return false;
  const freshMs = entry.staleAt - now;
  if (asked.minFresh !== undefined && freshMs < asked.minFresh * 1000) return false;
  if (freshMs > 0) return true;
  return asked.maxStale !== undefined && mayBeStale(entry) && staleEnough(asked.maxStale, -freshMs);
}

function isStaleAllowed(entry: Entry, now: number, asked: CacheControl): boolean {
  const { noCache, noStore, maxAge, minFresh, maxStale } = asked;
  if (noCache !== false || noStore || minFresh !== undefined) return false;
  if (maxAge !== undefined && now - entry.storedAt > maxAge * 1000) return false;
  return maxStale === undefined || staleEnough(maxStale, now - entry.staleAt);
}

function staleEnough(most: number | true, staleMs: number): boolean {
  return most === true || staleMs <= most * 1000;
}

/** Whether a response lets itself be served stale at all (RFC 9111 §4.2.4); a targeted field speaks alone (RFC 9213 §2.2). */
function mayBeStale(entry: Entry): boolean {
  const own = (name: string): string | undefined => combined(fieldOf(entry.fields, name));
  const { cacheControl: said } = parseCacheControls(own("cdn-cache-control"), own("cache-control"));
  return (
    !said.mustRevalidate && !said.proxyRevalidate && said.noCache === false && said.sMaxage === undefined
  );
}
