import { parseCacheControl } from "../../http/cache-control.ts";
import type { CacheControl } from "../../http/cache-control.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import { parseCacheControls } from "../../http/targeted.ts";
import type { Policy, RequestRecord } from "../contract/request-and-policy.ts";
import type { Entry } from "../contract/store.ts";

/** The cache directives of a request (RFC 9111 §5.2.1). */
export interface RequestDirectives {
  /** The response is not stored. */
  readonly noStore: boolean;
  /** Without a stored response that satisfies the request, the response is 504. */
  readonly onlyIfCached: boolean;
  /**
   * The request has `max-age` without `max-stale`, so it accepts a stale response only in place of an error
   * (RFC 9111 §5.2.1.1, RFC 5861 §4).
   */
  readonly wantsFresh: boolean;
  /** Returns whether an entry satisfies the request without a run of the handler. */
  accepts(entry: Entry, now: number): boolean;
  /** Returns whether the request allows the cache to serve a stale entry in one of its stale windows. */
  allowsStale(entry: Entry, now: number): boolean;
}

const NO_DIRECTIVES: RequestDirectives = Object.freeze({
  noStore: false,
  onlyIfCached: false,
  wantsFresh: false,
  accepts: (entry: Entry, now: number) => now < entry.staleAt,
  allowsStale: () => true,
});

/** Returns the directives of a request, or none if the policy does not obey `requestDirectives`. */
export function directivesOf(request: RequestRecord, policy: Policy): RequestDirectives {
  if (!policy.requestDirectives) return NO_DIRECTIVES;
  const field = request.header("cache-control");
  // `Pragma: no-cache` counts where there is no `Cache-Control` (RFC 9111 §5.4).
  const pragma = field === undefined && /(^|,)\s*no-cache\s*(,|$)/i.test(request.header("pragma") ?? "");
  if (field === undefined && !pragma) return NO_DIRECTIVES;
  const asked = parseCacheControl(pragma ? "no-cache" : field);
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
  return asked.maxStale !== undefined && permitsStale(entry) && staleEnough(asked.maxStale, -freshMs);
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

/** Whether a response may be served stale at all (RFC 9111 §4.2.4). A targeted field counts alone (RFC 9213 §2.2). */
function permitsStale(entry: Entry): boolean {
  const own = (name: string): string | undefined => combined(fieldOf(entry.fields, name));
  const { mustRevalidate, proxyRevalidate, noCache, sMaxage } = parseCacheControls(
    own("cdn-cache-control"),
    own("cache-control"),
  ).cacheControl;
  return !mustRevalidate && !proxyRevalidate && noCache === false && sMaxage === undefined;
}
