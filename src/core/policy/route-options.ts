import type { ResponseHead } from "../contract/request-and-policy.ts";

/** A Standard Schema that can produce a JSON Schema, such as a schema of zod 4.2 or later. */
export interface JsonSchemaSource {
  readonly "~standard": {
    readonly jsonSchema: { input(options: { target: "draft-07" }): Record<string, unknown> };
  };
}

/**
 * The caching options of one route. All are optional. `Native` is the framework's own request, and `Rest` is what its
 * handlers are given besides.
 *
 * All durations are in seconds. A wrong value throws `ERR_CACHE_OPTION_INVALID` when the route is declared.
 *
 * @example
 * cacheRoute(cache, {
 *   ttl: 60,
 *   staleWhileRevalidate: 600,
 *   vary: ["accept-language"],
 *   tags: ["reports"],
 * });
 */
export interface RouteOptions<Native = never, Rest extends readonly unknown[] = []> {
  /**
   * How long a response stays fresh, in seconds, or a function that returns it. `Infinity`: until it is invalidated or
   * evicted. `"response"`: only the response's own lifetime; without one it is not fresh.
   *
   * A number or function overrides the response's lifetime, but never its `no-store`, `private` or `no-cache`
   * (RFC 9111 §4.2.1). A number in a cache's `defaults` only applies to responses without a lifetime of their own.
   *
   * Default: the response's `s-maxage`, `max-age` or `Expires`, else 60. A function that returns anything but a number of
   * 0 or more fails the request with `ERR_CACHE_TTL`.
   *
   * @example
   * { ttl: (response) => (response.status === 404 ? 5 : Number(response.header("x-ttl") ?? 60)) }
   */
  ttl?: number | "response" | ((response: ResponseHead) => number);
  /**
   * Who may get a stored response.
   *
   * - `"anonymous"` (default): nobody with credentials. A request with `Authorization`, `Cookie`, one of `credentials` or a
   *   TLS client certificate is not looked up, and its response is not stored.
   * - `"everyone"`: every client that passes the guards gets the same response.
   * - `"shared"`: as RFC 9111 §3.5. The response to a request with `Authorization` is stored only if it has `public`,
   *   `s-maxage` or `must-revalidate`. Cookies, certificates and `credentials` do not count.
   * - A function: one entry per principal. The returned string enters the key as a keyed hash only. Returning anything but
   *   a non-empty string fails the request with `ERR_CACHE_SCOPE`. Responses without a `Cache-Control` are sent with
   *   `private`, so that no shared cache behind this one stores them.
   *
   * @example
   * { scope: (request) => request.user.id }
   */
  scope?: "anonymous" | "shared" | "everyone" | ((request: Native, ...rest: Rest) => string);
  /**
   * The request fields that carry credentials, besides `Authorization` and `Cookie`, which always do. Under
   * `scope: "anonymous"` a request with one of them is a bypass. The list replaces the default. A TLS client certificate
   * counts whatever the list.
   *
   * Default: `Proxy-Authorization`, `X-Api-Key`, `X-Auth-Token`, `X-Access-Token`, `X-Session-Token`,
   * `Cf-Access-Jwt-Assertion`, `X-Amzn-Oidc-Data`, `X-Forwarded-User`, `X-Forwarded-Client-Cert`.
   */
  credentials?: readonly string[];
  /**
   * Returns the resource's key, in place of one made from method, host, path, query and content. `cache.invalidate`,
   * `cache.get` and `cache.set` take the same key. The handler sees the whole query.
   *
   * Returning anything but a non-empty string fails the request with `ERR_CACHE_KEY`. Default: none.
   *
   * @example
   * { key: (request) => `user:${request.params.id}` }
   */
  key?: (request: Native, ...rest: Rest) => string;
  /**
   * The route's name in the default key. Needed if the framework cannot name the route: for a bare fetch handler over a
   * shared store, or for routes of two applications with one cache. It has to be the same in every process.
   *
   * Default: the framework's method, pattern, constraints and place among routes declared alike.
   */
  route?: string;
  /**
   * Scheme and authority in the default key, in place of those received, or a function that returns them. Makes aliases of
   * one host share entries. A text that is not `scheme://host` or `scheme://host:port` is refused. A function that returns
   * anything but a non-empty string fails the request with `ERR_CACHE_ORIGIN`.
   *
   * Default: as received, in lower case and without a default port.
   *
   * @example
   * { origin: "https://example.org" }
   */
  origin?: string | ((request: Native, ...rest: Rest) => string);
  /** The route's part of the key's namespace. It follows the cache's or replaces it, see `namespacePolicy`. Default: none. */
  namespace?: string;
  /**
   * Request fields that select a variant. They are added to the response's `Vary`, and so are those of the handler
   * (RFC 9110 §12.5.5). Default: none.
   */
  vary?: readonly string[];
  /**
   * Status codes to store: a list, a map from a code to `true` or to its own lifetime in seconds, or `"any"` final status
   * that HTTP lets a cache store. 206 and 304 are never stored. Default: `[200]`.
   *
   * @example
   * { statuses: { 200: true, 404: 10 } }
   */
  statuses?: readonly number[] | Readonly<Record<number, true | number>> | "any";
  /**
   * The query parameters that enter the key. The handler does not see the others.
   *
   * - `"declared"`: those that the route declares to its framework. Throws `ERR_CACHE_QUERY_UNDECLARED` if it declares none.
   * - `"all"`: all, sorted by name.
   * - A list of names, or a Standard Schema such as a zod object.
   *
   * Default: `"declared"` where the framework knows them, else `"all"`.
   *
   * @example
   * { query: ["page", "sort"] }
   */
  query?: "declared" | "all" | readonly string[] | JsonSchemaSource;
  /**
   * The methods to cache. HEAD is served from GET entries and need not be listed. For any other method the request's
   * content enters the key; in Express, a body parser has to run before the cache. Default: `["GET"]`.
   */
  methods?: readonly string[];
  /**
   * What to do with a response that has `Set-Cookie`. `"refuse"`: serve it and do not store it. `"strip"`: store it without
   * the cookies. `"store"`: store it and send everyone the same cookies. Default: `"refuse"`.
   */
  setCookie?: "refuse" | "strip" | "store";
  /** The largest content to store, in bytes. Larger content is served and not stored. Default: 1,048,576 (1 MiB). */
  maxBodyBytes?: number;
  /**
   * For how many seconds after it became stale a response is still served at once, while one refresh runs in the
   * background. `must-revalidate`, `proxy-revalidate` and `no-cache` forbid it. It has no effect where the adapter cannot
   * run the handler without its client.
   *
   * Default: the response's own `stale-while-revalidate` (RFC 5861 §3), else 0.
   */
  staleWhileRevalidate?: number;
  /**
   * For how many seconds after it became stale a response is served in place of an error: a handler that throws, sends one
   * of `errorStatuses` or exceeds `handlerTimeout`. `must-revalidate`, `proxy-revalidate` and `no-cache` forbid it.
   *
   * Default: the response's own `stale-if-error` (RFC 5861 §4), else 0.
   */
  staleIfError?: number;
  /** The statuses that `staleIfError` treats as errors, from 400 to 599. Default: `[500, 502, 503, 504]` (RFC 5861 §4). */
  errorStatuses?: readonly number[];
  /**
   * How long a handler may take, in seconds. A number is `soft`.
   *
   * - `soft`: then a stale response is served, if there is one, and the handler goes on. Default: none.
   * - `hard`: then the response is no longer stored or shared; its own client still gets it, and followers run the handler.
   *   Default: 30 for a background refresh, none otherwise.
   *
   * @example
   * { staleIfError: 3600, handlerTimeout: { soft: 0.5, hard: 10 } }
   */
  handlerTimeout?: number | { readonly soft?: number; readonly hard?: number };
  /**
   * How long a request waits for another request's run, in seconds. After that it is served a stale response or runs the
   * handler itself. 0: no request waits. Default: 10.
   */
  maxWait?: number;
  /** How many requests may wait for one run. Any further request is served stale or runs the handler. Default: 10,000. */
  maxWaiters?: number;
  /**
   * For how many seconds a resource stays hit-for-miss after a response that could not be stored: requests for it run the
   * handler side by side and do not wait for each other. A response that is stored ends it. Default: 120.
   */
  uncacheableTtl?: number;
  /**
   * Refreshes a fresh response at random before it becomes stale, the earlier the longer its handler takes (XFetch). 1 is
   * the usual weight; a larger number refreshes earlier. Default: 0, off.
   */
  earlyRefresh?: number;
  /** The part of a lifetime, from 0 to 1, by which each lifetime is shortened at random. Default: 0. */
  jitter?: number;
  /**
   * Whether a response without a lifetime stays fresh for a tenth of the time since its `Last-Modified`, at most one day
   * (RFC 9111 §4.2.2). Default: false.
   */
  heuristic?: boolean;
  /**
   * Whether the `Cache-Control` and `Pragma` of requests are obeyed (RFC 9111 §5.2.1): `no-cache`, `no-store`, `max-age`,
   * `min-fresh`, `max-stale`, and `only-if-cached`, which gives 504. Default: false, so that clients cannot make the handler
   * run.
   */
  requestDirectives?: boolean;
  /**
   * Whether a stale response is revalidated: the handler sees `If-None-Match` and `If-Modified-Since`, and its 304 makes
   * the stored response fresh again (RFC 9111 §4.3). A response with `no-cache` is then stored and revalidated on every
   * request. Default: false.
   */
  revalidate?: boolean;
  /**
   * Whether a successful unsafe request removes the entries of its URI, of the same-origin URIs in its `Location` and
   * `Content-Location` (RFC 9111 §4.4), and of the groups in its `Cache-Group-Invalidation`. Responses then join the groups
   * in their `Cache-Groups` (RFC 9875). Default: false.
   */
  invalidateOnUnsafe?: boolean;
  /**
   * The tags of stored responses, for `cache.invalidate({ tag })`: non-empty names, or a function that returns them.
   * Returning anything else fails the request with `ERR_CACHE_TAGS`. A response with more than 1,000 tags, or with one of
   * more than 1,024 characters, is not stored. Handlers add tags by `cacheTags`. Default: none.
   *
   * @example
   * { tags: (request, response) => ["users", `user:${response.header("x-user-id")}`] }
   */
  tags?: readonly string[] | ((request: Native, response: ResponseHead, ...rest: Rest) => readonly string[]);
  /**
   * What becomes of a `Cache-Tag` that the handler sets. Its members are tags of the response in either case. `"send"`: the
   * field is sent to clients and to CDNs. `"strip"`: it is taken off. A bypass is sent as the handler made it.
   * Default: `"send"`.
   */
  cacheTag?: "send" | "strip";
  /**
   * The `Cache-Control` that clients are sent with responses that are stored or shared, where the handler sets neither
   * `Cache-Control` nor `Expires`: text, or a function that returns it. It has no effect on what is stored here.
   *
   * Its lifetimes begin when the response is sent: `max-age=60` is sent as `max-age=110` with an `Age` of 50. Under a
   * `scope` function `private` is added, and `public` and `s-maxage` are refused. A function that returns anything but
   * such a text fails the request with `ERR_CACHE_CLIENT_CACHE_CONTROL`. Default: false, none.
   *
   * @example
   * { ttl: 3600, clientCacheControl: "public, max-age=60" }
   */
  clientCacheControl?: string | false | ((response: ResponseHead) => string);
  /** Whether the response's own `Date` is stored and sent on hits, as between caches. Default: false. */
  storeDate?: boolean;
  /**
   * Whether responses are stored. False: one run of the handler for all who ask at the same time and may share its
   * response, and nothing is kept. `ttl`, stale windows and `revalidate` then have no effect. Default: true.
   */
  store?: boolean;
  /**
   * Whether the route is cached. False: each request reaches the handler as without a cache, and no field is added to its
   * response. Guards still run. `createCache({ enabled: false })` does so for all routes. Default: true.
   *
   * @example
   * { ttl: 60, enabled: process.env.NODE_ENV !== "test" }
   */
  enabled?: boolean;
  /**
   * Whether the `No-Vary-Search` of responses is obeyed: the query parameters that it excludes are left out of the key of
   * later requests for the path. A route with declared parameters sends such a field itself, and then only exact names are
   * declared: `filter[a]` is not part of `filter`. Default: false.
   */
  noVarySearch?: boolean;
}
