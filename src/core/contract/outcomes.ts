/** How a request was answered: the closed list. */
export type Outcome = "hit" | "stale" | "revalidated" | "miss" | "collapsed" | "bypass";

/** Why a response was not looked up or not stored: the closed list. */
export type Refusal =
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
  | "not-kept"
  | "purged"
  | "timeout"
  | "unheard"
  | "failed"
  | "aborted";

/**
 * What the reporter is told beside refusals: a query parameter is not declared, and its handler does not see it; two
 * routes meet on one key of their own, or were given one name.
 */
export type Remark = "undeclared" | "same-key" | "same-name";

/** One refusal, or remark, in words: what the reporter is told. */
export interface Report {
  /** What the route is called, such as `GET /reports/:id`. */
  readonly route: string;
  /** The word for it. */
  readonly reason: Refusal | Remark;
  /** The whole sentence, with the remedy. */
  readonly message: string;
}

/**
 * Is told, once per route and reason, why a route is not cached; of parameters, once per route and name; and of routes
 * that get in each other's way.
 */
export type Reporter = (report: Report) => void;

/** Where a store went wrong. */
export interface StoreFailure {
  readonly operation: "get" | "set" | "delete" | "clear" | "stats";
  /** The store's name. */
  readonly store: string;
}

/** A refresh behind the clients' backs that failed; what is stored stays as it was. */
export interface RefreshFailure {
  readonly operation: "refresh";
  /** What the route is called, such as `GET /reports/:id`. */
  readonly route: string;
}

/** A clock, or a source of chance, of the application that failed; the machine's own stood in for it. */
export interface CallbackFailure {
  readonly operation: "callback";
  /** Such as `clock.now` or `random`. */
  readonly option: string;
}

/** Is told of every failure that no request was failed by. */
export type OnError = (error: unknown, failure: StoreFailure | RefreshFailure | CallbackFailure) => void;
