import type { CacheControl } from "../../http/cache-control.ts";
import type { Fields } from "../../http/fields.ts";
import type { SearchRule } from "../../http/no-vary-search.ts";
import type { Decision, Fill, HandlerHead } from "./decisions.ts";
import type { MaybePromise } from "./store.ts";

export type {
  Abandoned,
  Bypass,
  Decision,
  Fill,
  Follow,
  HandlerHead,
  OpenFill,
  Reply,
  Serve,
  Sink,
  StreamedReply,
} from "./decisions.ts";

/**
 * A request as the core sees it: a plain record that an adapter makes from its framework's request.
 *
 * `Native` is the framework's own request. Only the application's functions (`key`, `scope`, `origin`, `tags`) get it.
 *
 * @example
 * const record: RequestRecord<Request> = {
 *   method: request.method,
 *   origin: url.origin,
 *   target: url.pathname + url.search,
 *   native: request,
 *   header: (name) => request.headers.get(name) ?? undefined,
 * };
 */
export interface RequestRecord<Native = unknown> {
  /** The method as received. Methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  /** Scheme and authority of the target URI, such as `https://example.org`. Part of the key (RFC 9111 §2). */
  readonly origin: string;
  /** Path and query as received, such as `/reports?b=2&a=1`. */
  readonly target: string;
  /** Path and query after a rewrite before the route. Undefined: nothing was rewritten. */
  readonly rewritten?: string | undefined;
  /** The framework's own request. */
  readonly native: Native;
  /** The parameters that the router found in the path, decoded. Absent: none, or unknown. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** What the framework gives a handler besides the request. The application's functions get it too. Absent: nothing. */
  readonly rest?: readonly unknown[] | undefined;
  /**
   * When the request arrived, as `engine.arrival()` returned it then: guards may have read since what the handler responds
   * with. Absent: when its lookup begins.
   */
  readonly arrivedAt?: number | undefined;
  /** Returns a field's combined value by lower-case name, or undefined if the request has none (RFC 9110 §5.2). */
  header(name: string): string | undefined;
  /** Returns whether the request has one of these fields (lower-case names). Absent: `header` is called for each. */
  hasAny?(names: ReadonlySet<string>): boolean;
  /** Whether the client authenticated this connection with a TLS certificate. Absent: no, or unknown. */
  readonly hasCertificate?: boolean | undefined;
  /** Whether the request has content. Absent: `Content-Length` and `Transfer-Encoding` decide (RFC 9112 §6.3). */
  readonly hasContent?: boolean | undefined;
  /**
   * Whether the server switches this request to another protocol (RFC 9110 §7.8). A client that only offers one, such
   * as `Upgrade: h2c`, does not count. Absent: no.
   */
  readonly isUpgrade?: boolean | undefined;
  /**
   * Returns whether the response to this request is held up on its connection: the client does not read, an earlier
   * response has to be sent first, or request content is still arriving. Followers that have no byte yet wait at most
   * one second for a leader that is held up. Absent: no.
   */
  isHeld?(): boolean;
  /**
   * Returns the request's content: a parsed value, text or bytes. Undefined: not available, so the request is a bypass.
   * Called only if the route caches a method other than GET.
   */
  content?(): unknown;
  /**
   * Runs the route's guards and handler for `fill` in the background, without this request's client. A HEAD request is
   * run as GET. It returns at once, never throws, and starts the run in a later turn of the event loop. The run opens or
   * abandons the fill.
   *
   * Absent: the adapter cannot do this. Then `staleWhileRevalidate` and `earlyRefresh` have no effect.
   */
  readonly refresh?: ((fill: Fill) => void) | undefined;
}

/** A stored response, as `cache.get` returns it. */
export interface StoredResponse {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** When the response was made, in epoch milliseconds: `Age` counts from here. */
  readonly storedAt: number;
  /** When it becomes stale, in epoch milliseconds. `Infinity`: never. */
  readonly staleAt: number;
}

/** The head of a response, as `ttl`, `tags` and `clientCacheControl` functions get it. */
export interface ResponseHead {
  /** The status code. */
  readonly status: number;
  /** Returns a field's combined value by name, in any case, or undefined if the response has none. */
  header(name: string): string | undefined;
}

/** The query parameters that a route declares, by decoded name, each with the values of its default or undefined. */
export type DeclaredQuery = ReadonlyMap<string, readonly string[] | undefined>;

/** A request target in its normalized form, for one policy. */
export interface NormalizedTarget {
  /** The normalized target URI: parameters sorted by name, defaults filled in, undeclared ones dropped. */
  readonly uri: string;
  /** The resource key of a GET without a principal. */
  readonly resource: string;
  /** The same URI with the parameters that `No-Vary-Search` would leave out. */
  readonly exact: string;
  /** The `No-Vary-Search` rule that `uri` was made by. */
  readonly rule: SearchRule | undefined;
  /** Path and query for the handler. Undefined: nothing was dropped. */
  readonly target: string | undefined;
}

/** Normalizes request targets for one policy, and caches the results. */
export interface NormalizedTargets {
  of(origin: string, target: string): NormalizedTarget;
  /** The same, without caching the result. */
  peek(origin: string, target: string): NormalizedTarget;
  /** Records the `No-Vary-Search` rule of a path. Undefined: every parameter counts. */
  setRule(origin: string, path: string, rule: SearchRule | undefined): void;
  /** The origins of the cached targets. */
  origins(): readonly string[];
  /** Drops the cached targets, and keeps the rules. */
  clear(): void;
}

/** The options of one route, resolved once over the cache's defaults: frozen and complete. */
export interface Policy<Native = never> {
  /** The route's name in messages, such as `GET /reports/:id`. */
  readonly route: string;
  /** The route's name in keys: unique among the declarations of one cache. */
  readonly name: string;
  /** The paths of the route as they were written. Undefined: its names have the path, or there is none. */
  readonly paths?: readonly string[] | undefined;
  /** The start of each variant's name under the default key. */
  readonly selector: string;
  /** A fixed origin or a function that returns it. Undefined: as received. */
  readonly origin: string | ((request: Native, ...rest: never[]) => string) | undefined;
  /** The route's lifetime in ms, or a function that returns it in seconds. Undefined: the response's own. */
  readonly ttl: number | ((response: ResponseHead) => number) | undefined;
  /** The lifetime in ms of a response without one of its own. */
  readonly defaultTtlMs: number;
  readonly scope: "anonymous" | "shared" | "everyone" | ((request: Native, ...rest: never[]) => string);
  /** The request fields that carry credentials: lower-case names, including `authorization` and `cookie`. */
  readonly credentials: ReadonlySet<string>;
  readonly key: ((request: Native, ...rest: never[]) => string) | undefined;
  /** The namespace of the cache and of the route, joined. */
  readonly namespace: string;
  /** The route's `vary` option: lower-case names. */
  readonly vary: readonly string[];
  /** The stored statuses, each with its own lifetime in ms or undefined. */
  readonly statuses: ReadonlyMap<number, number | undefined> | "any";
  /** Whether requests are looked up. False: each reaches the handler as without a cache. */
  readonly isEnabled: boolean;
  /** Whether responses are stored. False: they are only shared with requests that come during the run. */
  readonly keeps: boolean;
  readonly heuristic: boolean;
  readonly requestDirectives: boolean;
  readonly revalidate: boolean;
  readonly invalidateOnUnsafe: boolean;
  readonly storeDate: boolean;
  readonly noVarySearch: boolean;
  /** The `No-Vary-Search` value of responses without their own. Undefined: none. */
  readonly searchOffer: string | undefined;
  readonly tags:
    | readonly string[]
    | ((request: Native, response: ResponseHead, ...rest: never[]) => readonly string[]);
  readonly cacheTag: "send" | "strip";
  /** What clients are told where the handler sets no `Cache-Control`. Undefined: nothing. */
  readonly clientCacheControl: string | ((response: ResponseHead) => string) | undefined;
  /** The parameters that enter the key. Undefined: all. */
  readonly query: DeclaredQuery | undefined;
  /** The normalized targets of this policy. */
  readonly targets: NormalizedTargets;
  readonly methods: ReadonlySet<string>;
  readonly setCookie: "refuse" | "strip" | "store";
  readonly maxBodyBytes: number;
  /** The route's stale windows in ms. Undefined: the response's own. */
  readonly staleWhileRevalidateMs: number | undefined;
  readonly staleIfErrorMs: number | undefined;
  /** The statuses that `staleIfError` treats as errors. */
  readonly errorStatuses: ReadonlySet<number>;
  /** How long in ms to wait for the handler before serving a stale response. Undefined: `maxWaitMs`. */
  readonly softTimeoutMs: number | undefined;
  /** How long in ms a run may take before its response is no longer stored or shared. Undefined: no limit. */
  readonly hardTimeoutMs: number | undefined;
  /** How long in ms a request waits for another request's run. */
  readonly maxWaitMs: number;
  readonly maxWaiters: number;
  /** How long in ms a resource stays hit-for-miss after a response that could not be shared. */
  readonly uncacheableMs: number;
  /** The beta of XFetch. 0: no early refresh. */
  readonly earlyRefresh: number;
  /** The part of a lifetime, from 0 to 1, by which it is shortened at random. */
  readonly jitter: number;
  readonly statusHeader: StatusHeader | undefined;
  /** The name of this cache in `Cache-Status`. Undefined: no such field. */
  readonly cacheStatus: string | undefined;
  /** Whether `Cache-Status` has the hashed key. */
  readonly cacheStatusKey: boolean;
  /** The form of the request's content: what a body parser returned, or the whole as bytes. */
  readonly content: "parsed" | "bytes";
}

/** A response field with one word for whether the response came from the cache. */
export interface StatusHeader {
  readonly name: string;
  readonly hit: string;
  readonly miss: string;
}

/** A handler's head with its caching fields parsed: read once and passed from stage to stage. */
export interface Head extends HandlerHead {
  readonly earlier: Fields;
  readonly cacheControl: CacheControl;
  /** Whether `cacheControl` comes from a targeted field, so that `Expires` does not count (RFC 9213 §2.2). */
  readonly isTargeted: boolean;
  /** The members of the response's `Vary`, or `*`. */
  readonly vary: readonly string[] | "*";
  /** The nonces of its content security policies; without such a field, those of earlier middleware's policies. */
  readonly nonces: readonly string[];
}

/**
 * Decides what happens to a request. The one entry of the core that every adapter calls.
 *
 * Returns the decision at once if the store is synchronous. Throws, or rejects, if a function of the route does not return
 * what it must (`ERR_CACHE_KEY`, `ERR_CACHE_SCOPE`, `ERR_CACHE_ORIGIN`).
 */
export interface Begin {
  <Native>(request: RequestRecord<Native>, policy: Policy<Native>): MaybePromise<Decision>;
}
