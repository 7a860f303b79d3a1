import type { ResponseHead } from "../contract/request-and-policy.ts";

/** A schema that can say its JSON Schema, as zod 4.2 and other libraries of the Standard Schema family do. */
export interface JsonSchemaSource {
  readonly "~standard": {
    readonly jsonSchema: { input(options: { target: "draft-07" }): Record<string, unknown> };
  };
}

/** What a route may say about its caching; everything is optional. `Native` is the framework's own request. */
export interface RouteOptions<Native = never> {
  /**
   * How long a response stays fresh, in seconds; `Infinity`: until it is invalidated or evicted. A function is given
   * the response's head. Default: what the handler says (`s-maxage`, `max-age`, `Expires`), else 60. A lifetime
   * that is written on the route wins over the handler's, never over its `no-store`, `private` or `no-cache`
   * (RFC 9111 §4.2.1). Seconds in a cache's `defaults` are for responses that state none, in place of the 60; `"response"`
   * says that those have no lifetime.
   */
  ttl?: number | "response" | ((response: ResponseHead) => number);
  /**
   * Who may see a stored response. `"anonymous"` (default): a request that carries `Authorization`, `Cookie`, a TLS
   * client certificate or one of `credentials` is neither looked up nor stored. `"shared"`: as RFC 9111 §3.5 says; a
   * request with `Authorization` is stored only where its response says so (`public`, `s-maxage`, `must-revalidate`),
   * cookies, certificates and `credentials` do not count. `"everyone"`: whoever passes the guards sees the same response. A function: one
   * entry per principal; what it returns enters the key as a keyed hash only.
   */
  scope?: "anonymous" | "shared" | "everyone" | ((request: Native) => string);
  /**
   * The request fields that say who asks, beside `Authorization` and `Cookie`, which always do: under
   * `scope: "anonymous"`, a request with one of them is neither looked up nor stored. Default: `Proxy-Authorization`,
   * `X-Api-Key`, `X-Auth-Token`, `X-Access-Token`, `X-Session-Token`, `Cf-Access-Jwt-Assertion`, `X-Amzn-Oidc-Data`,
   * `X-Forwarded-User`, `X-Forwarded-Client-Cert`. What is written takes their place. A TLS client certificate counts
   * whatever is written.
   */
  credentials?: readonly string[];
  /**
   * Names the resource in place of method, host, path, query and content. What it returns, with the namespace, is
   * what `cache.invalidate` takes. Returning anything but a non-empty string fails the request.
   */
  key?: (request: Native) => string;
  /**
   * Names the route in the default key, where what the framework knows of it is not enough: a fetch handler, or routes of
   * two applications with one cache. Processes that share a store know a route by it. Default: the framework's own name
   * of the route (method, pattern, constraints, place among routes declared alike).
   */
  route?: string;
  /**
   * Scheme and authority that count in the default key, such as `"https://example.org"`, in place of those received:
   * for aliases of one host. A function is given the request; returning anything but a non-empty string fails it.
   * Default: as received, in lower case and without default ports.
   */
  origin?: string | ((request: Native) => string);
  /** Appended to the cache's namespace, or put in its place, as `namespacePolicy` says. */
  namespace?: string;
  /** Request fields that tell variants apart; also said in `Vary` (RFC 9110 §12.5.5). Default: none. */
  vary?: readonly string[];
  /**
   * Status codes that are stored: a list, or a map from code to `true` or to a lifetime of its own in seconds
   * (`{ 200: true, 404: 10 }`), or `"any"` final status that HTTP lets a cache store. Default: 200 alone.
   */
  statuses?: readonly number[] | Readonly<Record<number, true | number>> | "any";
  /**
   * Which query parameters enter the key: those that the route declares to its framework (`"declared"`), all of them
   * (`"all"`), a list of names, or a Standard Schema. A handler does not see parameters that are left out.
   * Default: the declared ones where the framework knows them, else all.
   */
  query?: "declared" | "all" | readonly string[] | JsonSchemaSource;
  /**
   * Methods that are cached. HEAD is answered from GET. Of any other method, the request's content enters the key.
   * Default: GET alone.
   */
  methods?: readonly string[];
  /**
   * What a response with `Set-Cookie` means. `"refuse"` (default): it is served and not stored. `"strip"`: it is
   * stored without the cookies. `"store"`: everyone is sent the same cookies.
   */
  setCookie?: "refuse" | "strip" | "store";
  /** The largest content that is stored, in bytes; a larger one is served only. Default: 1 MiB. */
  maxBodyBytes?: number;
  /**
   * For how many seconds after it went stale a response is still served at once, while one refresh runs behind it.
   * Default: the response's own `stale-while-revalidate` (RFC 5861 §3), else 0. `must-revalidate`, `proxy-revalidate`
   * and `no-cache` veto it. Where an adapter cannot run the handler without its client it has no effect.
   */
  staleWhileRevalidate?: number;
  /**
   * For how many seconds after it went stale a response is served in place of an error: a throw, one of
   * `errorStatuses`, or a handler that takes longer than `handlerTimeout`. Default: the response's own `stale-if-error`
   * (RFC 5861 §4), else 0; the same vetoes.
   */
  staleIfError?: number;
  /** The statuses that count as such an error. Default: 500, 502, 503, 504 (RFC 5861 §4). */
  errorStatuses?: readonly number[];
  /**
   * How many seconds a handler may take where something stale can be served: after `soft`, it is served and the handler
   * goes on; after `hard`, its response is given up and not stored. A number is `soft`. Without something stale its
   * client waits on; others run the handler after `hard`. Default: no `soft`; `hard` is 30 for a refresh behind the
   * clients' backs, and none for others.
   */
  handlerTimeout?: number | { readonly soft?: number; readonly hard?: number };
  /**
   * How many milliseconds a request waits for the run of another one before it is served stale or runs the handler
   * itself. Default: 10,000.
   */
  waitMs?: number;
  /** How many requests may wait for one run; further ones are served stale or run the handler. Default: 10,000. */
  maxWaiters?: number;
  /**
   * For how many seconds a resource whose response could not be stored is remembered, so that nobody waits for it in
   * vain; a storable response ends it. Default: 120.
   */
  uncacheableTtl?: number;
  /**
   * Refreshes a response before it goes stale, at random, the sooner the longer its handler takes (XFetch): 1 is the
   * usual weight, more refreshes earlier. Default: 0, off.
   */
  earlyRefresh?: number;
  /** The part of each lifetime, 0 to 1, by which it is shortened at random. Default: 0. */
  jitter?: number;
  /**
   * Whether a response without a lifetime gets a tenth of the time since its `Last-Modified`, one day at most
   * (RFC 9111 §4.2.2). Default: false.
   */
  heuristic?: boolean;
  /**
   * Whether a client's `Cache-Control` and `Pragma` are obeyed (RFC 9111 §5.2.1): `no-cache`, `no-store`, `max-age`,
   * `min-fresh`, `max-stale`, `only-if-cached` (504). Default: false, so that a client cannot make the handler run.
   */
  requestDirectives?: boolean;
  /**
   * Whether a stale response is kept for its validator: the handler is shown `If-None-Match` and `If-Modified-Since`,
   * and a 304 of it makes the stored content fresh again (RFC 9111 §4.3). With it, a response with `no-cache` is
   * stored and asked for each time. Default: false.
   */
  revalidate?: boolean;
  /**
   * Whether a successful request with an unsafe method removes what is stored for its URI, and for the URIs of the
   * same origin in `Location` and `Content-Location` (RFC 9111 §4.4), and what belongs to the groups of the same origin
   * in `Cache-Group-Invalidation`; with it, `Cache-Groups` is heeded (RFC 9875). Default: false.
   */
  invalidateOnUnsafe?: boolean;
  /**
   * What stored responses are tagged with, for `cache.invalidate({ tag })`: non-empty names, or a function that returns
   * them. Returning anything else fails the request. Default: none.
   */
  tags?: readonly string[] | ((request: Native, response: ResponseHead) => readonly string[]);
  /** Whether the response's own `Date` is stored and said on hits, as between caches. Default: false. */
  storeDate?: boolean;
  /**
   * Whether `No-Vary-Search` is heeded: query parameters that a response says not to count are left out of the key of
   * later requests for its path. Where the parameters are declared, responses say so themselves, and the names count
   * exactly: `filter[a]` is not `filter`. Default: false.
   */
  noVarySearch?: boolean;
}
