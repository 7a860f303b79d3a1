import type { Cache, RouteOptions } from "../index.ts";

/** The ways in which a framework can tell a handler that its client disconnected before the response's end. */
export const NOTICES = [
  "a signal",
  "the response's close",
  "the request's aborted",
  "the connection's events",
  "the state of request, response and connection",
  "finished of node:stream",
  "on-finished",
] as const;

/** One of these ways. */
export type Notice = (typeof NOTICES)[number];

/** A request as a handler of the contract sees it, after the adapter. */
export interface ContractRequest {
  readonly method: string;
  /** Path and query as the framework shows them to the handler. */
  readonly url: string;
  /** Path and query under every other name that the handler can read, raw and parsed. Default: none. */
  readonly alsoUrls?: readonly string[];
  /** Returns a query parameter's values as the framework shows them to the handler. */
  query(name: string): readonly string[];
  /** Returns a header's combined value by lower-case name. */
  header(name: string): string | undefined;
  /** Aborted once the handler is told that its client disconnected. Absent: the framework never tells. */
  readonly signal?: AbortSignal;
  /**
   * Returns the ways in which the handler was told so far that its client disconnected. The harness listens in each way
   * from before the handler runs, in the handler and in earlier middleware. Absent: the framework has none of them.
   */
  readonly notices?: (() => readonly Notice[]) | undefined;
}

/** The response of a contract's handler. The harness sends it in the usual way of its framework. */
export interface ContractResponse {
  /** Default: 200. */
  readonly status?: number;
  /** The fields that the handler sets. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Lower-case names of fields of earlier middleware that the handler removes. */
  readonly removes?: readonly string[];
  /** Lines that the handler adds to fields of earlier middleware, by lower-case name. */
  readonly adds?: Readonly<Record<string, string>>;
  /** Tags that the handler adds by the adapter's `cacheTags` before it sends, each in a call of its own. */
  readonly tags?: readonly string[];
  /**
   * The content: text, bytes, an object that the framework sends as JSON, an iterable that it streams, or nothing. An
   * iterable that throws has to break the connection.
   */
  readonly body?: string | Uint8Array | Readonly<Record<string, unknown>> | AsyncIterable<Uint8Array>;
}

/** A route of a contract server. The harness declares it in its framework. */
export interface ContractRoute {
  readonly method: string;
  /** A static path, such as `/a`. */
  readonly path: string;
  /**
   * The route takes only requests with this value in `x-only`, by whatever means the framework has to choose between routes
   * of one path. A route without it takes all others.
   */
  readonly only?: string;
  /** The cache options. Absent: the adapter leaves the route alone. */
  readonly options?: RouteOptions;
  /**
   * A guard that sends 401 unless the request has `x-key`. It is the adapter's `before`, or a hook or middleware of the
   * framework before the cache.
   */
  readonly guard?: { readonly place: "before" | "framework"; readonly onRun?: () => void };
  /** Called by a hook or middleware before the cache, which sets the returned fields on the response. */
  readonly earlier?: () => Readonly<Record<string, string | readonly string[]>>;
  /**
   * Called by a hook or middleware before the cache as each response's head is sent, in the way that the framework's
   * sessions use. It adds the returned `set-cookie` lines to the response.
   */
  readonly lateCookies?: () => readonly string[];
  /** Whether the framework's usual compression runs before the cache and encodes any content with `gzip`, if accepted. */
  readonly compresses?: boolean;
  /** Called by a request logger before the cache, after the response, with the URL that it would log. */
  readonly log?: (url: string) => void;
  /**
   * What a write makes outdated: the tags, or a function that returns them, in the adapter's way of declaring it. It may be
   * called without arguments. Absent: the route does not write.
   */
  readonly invalidates?: readonly string[] | (() => readonly string[]);
  /** The route's own cache. Default: the server's. */
  readonly cache?: Cache;
  /** The route's handler. */
  readonly handler: (request: ContractRequest) => ContractResponse | Promise<ContractResponse>;
}

/** A server that listens on 127.0.0.1. */
export interface ContractServer {
  /** Such as `http://127.0.0.1:41234`. */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * What an adapter's author writes to run the adapter contract.
 *
 * The server serves HEAD where it has a GET route, parses JSON before the cache, and tells hosts apart by `Host`. An error of
 * a handler or of the cache becomes a 5xx, or the error's own `status`. `close` drops open connections.
 *
 * @example
 * const harness: AdapterHarness = {
 *   name: "mine",
 *   async start(cache, routes) {
 *     const app = framework();
 *     for (const route of routes) declare(app, cache, route);
 *     const port = await app.listen({ host: "127.0.0.1", port: 0 });
 *     return { origin: `http://127.0.0.1:${port}`, close: () => app.close() };
 *   },
 * };
 */
export interface AdapterHarness {
  /** The adapter's name in messages. */
  readonly name: string;
  /** The server's protocol: HTTP/1.1, or HTTP/2 without TLS and without an upgrade. Default: `"http/1.1"`. */
  readonly protocol?: "http/1.1" | "h2c";
  /** Starts a real server of the framework with these routes and this cache. */
  start(cache: Cache, routes: readonly ContractRoute[]): Promise<ContractServer>;
  /** The checks that the adapter cannot meet: names, each with the reason. An unknown name is an error. Default: none. */
  readonly declined?: Readonly<Record<string, string>>;
}
