/**
 * How a request was answered.
 *
 * `hit`: from the cache, fresh. `stale`: from the cache, stale. `revalidated`: from the cache, after the handler's 304.
 * `miss`: by the handler. `collapsed`: by another request's run of the handler. `bypass`: by the handler, as if there were
 * no cache.
 */
export type Outcome = "hit" | "stale" | "revalidated" | "miss" | "collapsed" | "bypass";

/**
 * Why a request was not looked up or its response not stored. It is the `detail` of `Cache-Status`; `docs/what-is-cached.md`
 * explains each.
 */
export type Refusal =
  | "disabled"
  | "store-false"
  | "method"
  | "credentials"
  | "content"
  | "upgrade"
  | "head"
  | "status"
  | "no-store"
  | "private"
  | "no-cache"
  | "vary-any"
  | "set-cookie"
  | "late-cookie"
  | "nonce"
  | "event-stream"
  | "expired"
  | "too-large"
  | "truncated"
  | "malformed"
  | "search-rule"
  | "tags"
  | "not-kept"
  | "purged"
  | "timeout"
  | "unheard"
  | "failed"
  | "aborted";

/**
 * What the reporter receives besides refusals.
 *
 * `undeclared`: a request has a query parameter that the route does not declare, and the handler does not see it.
 * `same-key`: the `key` functions of two routes return one key. `same-name`: two routes have the same `route` name.
 * `milliseconds`: a duration is so long that it was probably meant in milliseconds. `nothing-invalidated`: nothing is
 * stored under a key that was invalidated, or no route has the name or the namespace.
 */
export type Remark = "undeclared" | "same-key" | "same-name" | "milliseconds" | "nothing-invalidated";

/** One message to the reporter. */
export interface Report {
  /** The route's name, such as `GET /reports/:id`. */
  readonly route: string;
  /** Why, as one word. */
  readonly reason: Refusal | Remark;
  /** The same as a sentence, with what to change. */
  readonly message: string;
}

/**
 * Receives why a route's responses are not cached, once per route and reason; undeclared query parameters, once per route
 * and name; pairs of routes that share a key or a name; durations that look like milliseconds, at start; and invalidations
 * that have found nothing.
 */
export type Reporter = (report: Report) => void;

/** A call of the store that failed. */
export interface StoreFailure {
  readonly operation: "get" | "set" | "delete" | "clear" | "stats" | "marks";
  /** The store's name. */
  readonly store: string;
}

/**
 * A store that is no longer called, because it failed five times in a row (`suspend`), or that works again (`resume`). Each is
 * reported once. In between, failed calls are counted in `stats().storeErrors` and not reported.
 */
export interface StoreSwitch {
  readonly operation: "suspend" | "resume";
  /** The store's name. */
  readonly store: string;
  /** Which calls: lookups, or writes and removals. */
  readonly calls: "reads" | "writes";
}

/** A background refresh that failed. The stored response is kept. */
export interface RefreshFailure {
  readonly operation: "refresh";
  /** The route's name, such as `GET /reports/:id`. */
  readonly route: string;
}

/** An application's `clock` or `random` function that failed. The platform's own was used instead. */
export interface CallbackFailure {
  readonly operation: "callback";
  /** The option: `clock.now`, `clock.schedule` or `random`. */
  readonly option: string;
}

/** A function that names what a write makes outdated, and that failed. Everything with a tag was invalidated instead. */
export interface InvalidationFailure {
  readonly operation: "invalidate";
  /** The route's name, such as `POST /todos`. */
  readonly route: string;
}

/**
 * Receives errors that do not fail a request. `failure.operation` tells them apart.
 *
 * @example
 * const onError: OnError = (error, failure) => logger.warn({ err: error, ...failure }, "cache");
 */
export type OnError = (
  error: unknown,
  failure: StoreFailure | StoreSwitch | RefreshFailure | CallbackFailure | InvalidationFailure,
) => void;
