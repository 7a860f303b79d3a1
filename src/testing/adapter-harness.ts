import type { Cache, RouteOptions } from "../index.ts";

/** The ways in which frameworks let a handler know that its client is gone before the response's end. */
export const NOTICES = [
  "a signal",
  "the response's close",
  "the request's aborted",
  "the connection's events",
  "the state of request, response and connection",
  "finished of node:stream",
  "on-finished",
] as const;

/** One of them. */
export type Notice = (typeof NOTICES)[number];

/** A request as a contract's handler sees it, after the adapter had its way with it. */
export interface ContractRequest {
  readonly method: string;
  /** Path and query as the framework shows them to the handler. */
  readonly url: string;
  /** Path and query by every other name that the framework and what runs in it have for them, raw and parsed. */
  readonly alsoUrls?: readonly string[];
  /** A query parameter's values as the framework shows them to the handler. */
  query(name: string): readonly string[];
  /** A header's combined value, by lower-case name. */
  header(name: string): string | undefined;
  /**
   * Is aborted once the framework tells the handler that its client is gone before the response's end, in whatever way.
   * Undefined where it tells nobody.
   */
  readonly signal?: AbortSignal;
  /**
   * In which of the ways that the framework has the handler was told so by now: each listens, or looks, from before its
   * handler runs, and where earlier middleware listens in the same way. Undefined where none of them is there.
   */
  readonly told?: (() => readonly Notice[]) | undefined;
}

/** What a contract's handler answers; a harness says it in its framework's own way. */
export interface ContractAnswer {
  /** Default: 200. */
  readonly status?: number;
  /** Fields that the handler sets itself. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Fields that the handler takes away, of those that were set in front of it: lower-case names. */
  readonly removes?: readonly string[];
  /** Lines that the handler adds to what is there of these fields, by lower-case name. */
  readonly adds?: Readonly<Record<string, string>>;
  /**
   * The content: text, bytes, an object that the framework turns into JSON, an iterable that it streams, or nothing.
   * A stream that throws midway has to break the connection.
   */
  readonly body?: string | Uint8Array | Readonly<Record<string, unknown>> | AsyncIterable<Uint8Array>;
}

/** One route of a contract server, in words that no framework owns. */
export interface ContractRoute {
  readonly method: string;
  /** A static path, such as `/a`. */
  readonly path: string;
  /**
   * The route is for those requests alone whose `x-only` says this, by whatever means the framework has to choose between
   * routes; one without it takes the others. Routes of one path differ in it.
   */
  readonly only?: string;
  /** The cache options; undefined: a plain route that the adapter leaves alone. */
  readonly options?: RouteOptions;
  /**
   * A guard that answers 401 unless the request carries `x-key`: given to the adapter as `before`, or put in front of
   * the cache as the framework's own hook or middleware.
   */
  readonly guard?: { readonly place: "before" | "framework"; readonly onRun?: () => void };
  /** Called by a hook or middleware in front of the cache; what it returns is set on the response there. */
  readonly earlier?: () => Readonly<Record<string, string | readonly string[]>>;
  /**
   * Called by a hook or middleware in front of the cache as the head of each answer goes out, in the framework's usual
   * way of writing a session's cookie; the `set-cookie` lines that it returns are added to the response there.
   */
  readonly late?: () => readonly string[];
  /**
   * Something in front of the cache codes whatever content its client accepts in `gzip`: what people use for that with
   * the framework.
   */
  readonly codes?: boolean;
  /**
   * Called once the request has been answered, by what logs requests in front of the cache, with the URL that it would
   * log.
   */
  readonly log?: (url: string) => void;
  /** The cache of this route, where it is not the server's: several caches live in one application. */
  readonly cache?: Cache;
  /** Runs where the route's handler runs. */
  readonly handler: (request: ContractRequest) => ContractAnswer | Promise<ContractAnswer>;
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
 * The server answers HEAD where it has a GET route, parses JSON before the cache, tells hosts apart by `Host`, turns
 * an error of a handler or of the cache into a 5xx, or into the `status` that it has, and drops open connections when it is closed.
 */
export interface AdapterHarness {
  /** What the contract calls the adapter. */
  readonly name: string;
  /** What its server speaks: HTTP/1.1, or HTTP/2 without TLS and without an upgrade. Default: `"http/1.1"`. */
  readonly speaks?: "http/1.1" | "h2c";
  /** Starts a real server of the framework with these routes behind this cache. */
  start(cache: Cache, routes: readonly ContractRoute[]): Promise<ContractServer>;
  /** Checks that the adapter does not meet, by name, each with the reason. */
  readonly declined?: Readonly<Record<string, string>>;
}
