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
 * `Native` is the framework's own request; only the application's functions (`key`, `scope`) ever see it.
 */
export interface RequestRecord<Native = unknown> {
  /** The method, in upper case unless the client wrote it otherwise. */
  readonly method: string;
  /** Scheme and authority of the target URI, such as `https://example.org`; part of the key (RFC 9111 §2). */
  readonly origin: string;
  /** Path and query as received, such as `/reports?b=2&a=1`. */
  readonly target: string;
  /** Path and query as something in front of the route has rewritten them; undefined where nothing did. */
  readonly rewritten?: string | undefined;
  /** The framework's own request. */
  readonly native: Native;
  /** A field's combined value by lower-case name, or undefined where the request has none (RFC 9110 §5.2). */
  header(name: string): string | undefined;
  /** Whether one of these fields is there, by lower-case name. Where it is absent, `header` is asked for each. */
  hasAny?(names: ReadonlySet<string>): boolean;
  /** Whether the client has shown a certificate to this connection. Absent: none, or it cannot be seen. */
  readonly hasCertificate?: boolean | undefined;
  /** Whether it has content, where that is known. Absent: `Content-Length` and `Transfer-Encoding` say it. */
  readonly hasContent?: boolean | undefined;
  /**
   * Whether it is answered by another protocol, as the server or the handler that upgrades it sees it. Absent: no. A
   * client that merely offers one, such as `Upgrade: h2c`, does not make it so.
   */
  readonly isUpgrade?: boolean | undefined;
  /**
   * Whether its client holds its connection: it does not read, something else is sent on it first, or content is still
   * to come. Who waits for its run and has had nothing yet does not wait for that longer than a second. Absent: no.
   */
  isHeld?(): boolean;
  /** The request's content, asked for only by routes that cache a method with content; undefined: not at hand. */
  content?(): unknown;
  /**
   * Runs the route's handler for a fill without this request's client: guards included, as a GET where the request is
   * a HEAD. It returns at once and never throws; the run begins in a later turn of the event loop, and the fill is
   * opened or abandoned. Absent where the adapter cannot do so: then nothing is served stale and nothing is refreshed
   * early.
   */
  readonly refresh?: ((fill: Fill) => void) | undefined;
}

/** A response that an application reads from or puts into the cache by hand. */
export interface StoredResponse {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** When it was stored, epoch ms. */
  readonly storedAt: number;
  /** When it goes stale, epoch ms. */
  readonly staleAt: number;
}

/** What a `ttl` function is given: the response's head. */
export interface ResponseHead {
  readonly status: number;
  /** A field's combined value by lower-case name. */
  header(name: string): string | undefined;
}

/** A query parameter's declared default: its value or, for a repeated parameter, its values. */
export type DeclaredQuery = ReadonlyMap<string, readonly string[] | undefined>;

/** What a raw target means to one policy. */
export interface NormalizedTarget {
  /** The normalised target URI: parameters sorted by name, defaults filled in, undeclared ones dropped. */
  readonly uri: string;
  /** The whole resource key of a GET that no principal owns. */
  readonly resource: string;
  /** The same URI with all the parameters that a response may say not to count. */
  readonly exact: string;
  /** The rule by which `uri` leaves some of them out. */
  readonly rule: SearchRule | undefined;
  /** Path and query as the handler should see them; undefined where nothing was dropped. */
  readonly target: string | undefined;
}

/** Finds, and remembers, what raw targets mean to one policy. */
export interface NormalizedTargets {
  of(origin: string, target: string): NormalizedTarget;
  /** Finds the same, and remembers nothing. */
  peek(origin: string, target: string): NormalizedTarget;
  /** Learns which parameters of a path do not count. */
  learn(origin: string, path: string, rule: SearchRule | undefined): void;
  /** The origins of the targets that are remembered. */
  origins(): readonly string[];
  /** Forgets the targets. */
  forget(): void;
}

/** What one route says about its caching, resolved once: frozen and complete. */
export interface Policy<Native = never> {
  /** What messages call the route, such as `GET /reports/:id`. */
  readonly route: string;
  /** What keys call it: no other declaration of this cache has the same name. */
  readonly name: string;
  /** What a variant's name begins with, under a key that was made from the request. */
  readonly selector: string;
  /** A fixed origin, or how to find it; undefined: as received. */
  readonly origin: string | ((request: Native) => string) | undefined;
  /** A written lifetime in ms, or how to find it in seconds; undefined: the handler's own. */
  readonly ttl: number | ((response: ResponseHead) => number) | undefined;
  /** The lifetime, in ms, of a response that states none. */
  readonly defaultTtlMs: number;
  readonly scope: "anonymous" | "shared" | "everyone" | ((request: Native) => string);
  /** The request fields that say who asks: lower-case names, `authorization` and `cookie` among them. */
  readonly credentials: ReadonlySet<string>;
  readonly key: ((request: Native) => string) | undefined;
  /** The whole namespace, root included. */
  readonly namespace: string;
  /** Declared request fields that tell variants apart: lower-case names. */
  readonly vary: readonly string[];
  /** The stored statuses, those with a lifetime of their own with it in ms. */
  readonly statuses: ReadonlyMap<number, number | undefined> | "any";
  readonly heuristic: boolean;
  readonly requestDirectives: boolean;
  readonly revalidate: boolean;
  readonly invalidateOnUnsafe: boolean;
  readonly storeDate: boolean;
  readonly noVarySearch: boolean;
  /** What responses say in `No-Vary-Search` unless they say their own; undefined: nothing. */
  readonly searchOffer: string | undefined;
  readonly tags: readonly string[] | ((request: Native, response: ResponseHead) => readonly string[]);
  /** The parameters that enter the key; undefined: all of them. */
  readonly query: DeclaredQuery | undefined;
  /** The memory of normalised targets that belongs to this policy. */
  readonly targets: NormalizedTargets;
  readonly methods: ReadonlySet<string>;
  readonly setCookie: "refuse" | "strip" | "store";
  readonly maxBodyBytes: number;
  /** Written stale windows in ms; undefined: what the response says. */
  readonly staleWhileRevalidateMs: number | undefined;
  readonly staleIfErrorMs: number | undefined;
  /** The statuses that count as errors of the handler where something stale may be served. */
  readonly errorStatuses: ReadonlySet<number>;
  /** How long a handler is waited for, in ms, where something stale may be served; undefined: as long as `waitMs`. */
  readonly softTimeoutMs: number | undefined;
  /** After which time, in ms, a handler's response is not used any more for anyone else; undefined: never. */
  readonly hardTimeoutMs: number | undefined;
  /** How long a request waits for the run of another one, in ms. */
  readonly waitMs: number;
  readonly maxWaiters: number;
  /** How long a resource is remembered as uncacheable, in ms. */
  readonly uncacheableMs: number;
  /** The beta of XFetch; 0: no early refresh. */
  readonly earlyRefresh: number;
  /** The part of a lifetime by which it is shortened at random, 0 to 1. */
  readonly jitter: number;
  readonly statusHeader: StatusHeader | undefined;
  /** The name that `Cache-Status` gives this cache; undefined: no such field. */
  readonly cacheStatus: string | undefined;
  /** Whether `Cache-Status` tells the hashed key. */
  readonly cacheStatusKey: boolean;
  /** How a request's content comes: as a body parser leaves it, or whole, as bytes. */
  readonly content: "parsed" | "bytes";
}

/** A response field that says in one word whether the answer came from the cache. */
export interface StatusHeader {
  readonly name: string;
  readonly hit: string;
  readonly miss: string;
}

/** What a response says, read once by the orchestrator and passed from station to station. */
export interface Head extends HandlerHead {
  readonly earlier: Fields;
  readonly cacheControl: CacheControl;
  /** Whether these directives are for this kind of cache, so that no other field of freshness counts (RFC 9213 §2.2). */
  readonly isTargeted: boolean;
  /** Request fields that the response says it varies by, or `*`. */
  readonly vary: readonly string[] | "*";
  /** The nonces that its content security policies allow, where it says none those that were said before the lookup. */
  readonly nonces: readonly string[];
}

/** The verb of the core, which every adapter speaks. */
export interface Begin {
  <Native>(request: RequestRecord<Native>, policy: Policy<Native>): MaybePromise<Decision>;
}
