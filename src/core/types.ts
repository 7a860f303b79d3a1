import type { CacheControl } from "../http/cache-control.ts";
import type { Fields } from "../http/fields.ts";
import type { SearchRule } from "../http/no-vary-search.ts";
import type { Outcome, Refusal } from "./events.ts";
import type { MaybePromise } from "./store.ts";

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
  /** The framework's own request. */
  readonly native: Native;
  /** A field's combined value by lower-case name, or undefined where the request has none (RFC 9110 §5.2). */
  header(name: string): string | undefined;
  /** The request's content, asked for only by routes that cache a method with content; undefined: not at hand. */
  content?(): unknown;
}

/** What the handler decided before its first byte of content. */
export interface HandlerHead {
  /** The status code. */
  readonly status: number;
  /** The fields that the handler itself said: those present now less those present before the lookup. */
  readonly fields: Fields;
  /** The fields that earlier hooks or middleware had said before the lookup: heeded, never stored. */
  readonly earlier?: Fields;
}

/** A response as the core hands it to an adapter, to be sent as it is. */
export interface Reply {
  /** The status code. */
  readonly status: number;
  /** All fields to send; those that earlier hooks or middleware set stay beside them. */
  readonly fields: Fields;
  /** The content; undefined where the message has none (304, 416, an answer to HEAD). */
  readonly body: Uint8Array | undefined;
  /** The same content as text where it is small and ASCII, the fields included: the cheaper thing to write to a socket. */
  readonly text?: string | undefined;
}

/** The answer is at hand: the handler does not run. */
export interface Serve {
  readonly kind: "serve";
  readonly outcome: Outcome;
  readonly reply: Reply;
}

/** The cache stands aside: the handler runs as if there were none, and says `fields` besides. */
export interface Bypass {
  readonly kind: "bypass";
  readonly outcome: Outcome;
  readonly reason: Refusal;
  readonly fields: Fields;
}

/** The handler has to run; exactly one of `open` or `abandon` follows. */
export interface Fill {
  readonly kind: "fill";
  /** Path and query that the handler should see, where parameters outside the key were dropped (hazard 18). */
  readonly target: string | undefined;
  /** The names that the query keeps, where some were dropped. */
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  /** Lower-case names of request fields that the handler must not see: the cache answers those (RFC 9110 §13, §14). */
  readonly hidden: readonly string[];
  /** Request fields that the handler must see in their place: the conditions under which a stored response holds. */
  readonly conditions: Fields;
  /** The handler has decided status and fields. */
  open(head: HandlerHead): OpenFill;
  /** The handler failed, or went away without an answer. */
  abandon(reason: "failed" | "aborted"): void;
}

/** A fill whose head is known; exactly one of `complete`, `stream` or `abandon` follows. */
export interface OpenFill {
  /** Whether the response will be stored if its content allows it. */
  readonly storable: boolean;
  /** Takes the whole content, stores it if it may be stored, and answers what to send: perhaps a 304 or a 206. */
  complete(body: Uint8Array | string | undefined): Reply;
  /** The content comes in parts: answers the head to send now, and where to put copies of the parts. */
  stream(): StreamedReply;
  /** Something that the head did not show forbids storing. */
  refuse(reason: Refusal): void;
  /** The handler failed, or its client went away before the end. */
  abandon(reason: "failed" | "aborted"): void;
}

/** The head of a response whose content flows past the cache. */
export interface StreamedReply {
  readonly status: number;
  readonly fields: Fields;
  /** Where copies of the content go; undefined if nothing is stored. Exactly one of `end` or `abandon` ends it. */
  readonly sink: Sink | undefined;
}

/** Takes copies of a response's content while it flows. */
export interface Sink {
  /** Adds one part. The bytes are copied: callers reuse their buffers. */
  write(chunk: Uint8Array | string): void;
  /** The content ended cleanly: it is stored if its length is what the head said. */
  end(): void;
  /** The content broke off: nothing is stored. */
  abandon(reason: "failed" | "aborted"): void;
}

/** What `begin` answers. */
export type Decision = Serve | Bypass | Fill;

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
export interface TargetName {
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
export interface TargetNames {
  of(origin: string, target: string): TargetName;
  /** Finds the same, and remembers nothing. */
  peek(origin: string, target: string): TargetName;
  /** Learns which parameters of a path do not count. */
  learn(origin: string, path: string, rule: SearchRule | undefined): void;
  /** The origins of the targets that are remembered. */
  origins(): readonly string[];
}

/** What one route says about its caching, resolved once: frozen and complete. */
export interface Policy<Native = never> {
  /** What messages call the route, such as `GET /reports/:id`. */
  readonly route: string;
  /** A written lifetime in ms, or how to find it in seconds; undefined: the handler's own. */
  readonly ttl: number | ((response: ResponseHead) => number) | undefined;
  /** The lifetime, in ms, of a response that states none. */
  readonly defaultTtlMs: number;
  readonly scope: "anonymous" | "shared" | "everyone" | ((request: Native) => string);
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
  readonly names: TargetNames;
  readonly methods: ReadonlySet<string>;
  readonly setCookie: "refuse" | "strip" | "store";
  readonly maxBodyBytes: number;
  readonly statusHeader: StatusHeader | undefined;
  /** The name that `Cache-Status` gives this cache; undefined: no such field. */
  readonly cacheStatus: string | undefined;
  /** Whether `Cache-Status` tells the hashed key. */
  readonly cacheStatusKey: boolean;
}

/** A response field that says in one word whether the answer came from the cache. */
export interface StatusHeader {
  readonly name: string;
  readonly hit: string;
  readonly miss: string;
}

/** What a response says, read once by the orchestrator and passed from station to station. */
export interface Head extends HandlerHead {
  readonly cacheControl: CacheControl;
  /** Whether these directives are for this kind of cache, so that no other field of freshness counts (RFC 9213 §2.2). */
  readonly isTargeted: boolean;
  /** Request fields that the response says it varies by, or `*`. */
  readonly vary: readonly string[] | "*";
}

/** The verb of the core, which every adapter speaks. */
export interface Begin {
  <Native>(request: RequestRecord<Native>, policy: Policy<Native>): MaybePromise<Decision>;
}
