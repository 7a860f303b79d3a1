import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine, Fields, Fill, Policy } from "../../adapter.ts";

/** A route of a framework on Node. `Native` is what its options are given: the request, or a framework's context. */
export interface NodeRoute<Native> {
  readonly engine: Engine;
  /** The route's policy. It is not read for a refresh, which has the one of its client's request. */
  readonly policy: Policy<Native>;
}

/** One request to a route. */
export interface NodeCall<Native> {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** What `key`, `scope`, `origin` and `tags` are given. */
  readonly native: Native;
  /** Identifies who looks the request up: a refresh has to reach the same one. Absent: the policy. */
  readonly owner?: object | undefined;
  /** Scheme and authority, as the framework sees them, its proxy settings included. Absent: those of the connection. */
  readonly origin?: string | undefined;
  /** Path and query as received. Absent: `req.originalUrl`, which most frameworks set, else `req.url`. */
  readonly target?: string | undefined;
  /** Path and query after something in front of the route has rewritten them. Absent: nothing has. */
  readonly rewritten?: string | undefined;
  /** The parameters that the router found in the path, decoded. Absent: `native.params`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** Returns the parsed content, empty text if there is none, or undefined if it is unknown. Absent: that of `req.body`. */
  readonly content?: (() => unknown) | undefined;
  /** Returns the fields that were set before the route's handlers. Absent: all that are set at the lookup. */
  readonly earlier?: (() => Fields) | undefined;
  /**
   * Shows the handlers the request of a fill, without the query parameters that are not in the key, and watches them: `fail`
   * is to be called where they fail. Absent: {@link narrowUrl} does the former, and `run.fail` is for the latter.
   */
  readonly prepare?: ((fill: Fill, fail: (error: unknown) => void) => void) | undefined;
  /**
   * Passes a refresh to the application where its server cannot: there is none, or it rewrites one URL in several ways.
   * Absent: such a refresh fails.
   */
  readonly dispatch?: ((req: IncomingMessage, res: ServerResponse) => unknown) | undefined;
}

/** Returns a request's scheme and authority by its connection: no proxy is trusted. The scheme alone without a host. */
export function originOf({ req }: Pick<NodeCall<unknown>, "req">): string {
  const host = hostOf(req);
  const scheme = (req.socket as { readonly encrypted?: boolean }).encrypted === true ? "https" : "http";
  return host === undefined ? scheme : `${scheme}://${host}`;
}

/** Returns the host of a request: over HTTP/2 both that a client has named, where they differ, since a handler may use either. */
export function hostOf({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  const { ":authority": authority, host } = headers;
  const names = new Set([authority, host].filter((name) => name !== undefined && name !== ""));
  return names.size === 0 ? host : [...names].join(" ");
}

/** Returns path and query of a request as most frameworks keep them. */
export function targetOf({ req }: Pick<NodeCall<unknown>, "req">): string {
  const { originalUrl = req.url } = req as { readonly originalUrl?: string };
  return originalUrl ?? "/";
}
