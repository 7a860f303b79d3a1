import type { Fields } from "../../http/fields.ts";
import type { Outcome, Refusal } from "./outcomes.ts";
import type { Making } from "./store.ts";

/** The status and fields that a handler set before the first byte of its content. */
export interface HandlerHead {
  /** The status code. */
  readonly status: number;
  /** The fields that the handler itself set: those present now without those present before the lookup. */
  readonly fields: Fields;
  /** The fields that earlier middleware set before the lookup. Their directives are obeyed, but they are never stored. */
  readonly earlier?: Fields;
  /** How the handler wrote the response. Absent: in the usual way. */
  readonly making?: Making | undefined;
  /** The tags that the handler added to this response, by `takeTags`. Absent: none. */
  readonly tags?: readonly string[] | undefined;
}

/** A complete response for the adapter to send as it is. */
export interface Reply {
  /** The status code. */
  readonly status: number;
  /** All fields to send. The adapter sends them beside those that earlier middleware set. */
  readonly fields: Fields;
  /** Fields to set after `fields`, each only if the response has none of that name: middleware has the last word on them. */
  readonly unlessSet?: Fields | undefined;
  /** The content. Undefined where the message has none: 304, 416, a response to HEAD. */
  readonly body: Uint8Array | undefined;
  /** The content as text, if it is small and it and the fields are ASCII. Writing text to a socket is cheaper. */
  readonly text?: string | undefined;
  /** How the handler wrote the response. Absent: in the usual way. The adapter takes `removed` fields off this response too. */
  readonly making?: Making | undefined;
}

/** Decision: send `reply`; the handler does not run. */
export interface Serve {
  readonly kind: "serve";
  readonly outcome: Outcome;
  readonly reply: Reply;
}

/** Decision: send the response that another request's handler is producing right now. */
export interface Follow {
  readonly kind: "follow";
  readonly outcome: Outcome;
  /** The status code. */
  readonly status: number;
  /** All fields to send. The adapter sends them beside those that earlier middleware set. */
  readonly fields: Fields;
  /** As in {@link Reply}. */
  readonly unlessSet?: Fields | undefined;
  /** How the handler wrote the response, as in {@link Reply}. */
  readonly making?: Making | undefined;
  /**
   * The content from its first byte, at the pace of this reader. It throws if the source breaks off; the adapter then
   * has to break the client's connection instead of ending it cleanly. A reader that stops early calls `return()`.
   */
  readonly content: AsyncIterableIterator<Uint8Array>;
  /**
   * Whether the next part of `content` is an error because this reader fell too far behind. If nothing was sent yet
   * (an earlier response still occupied the connection), the adapter calls `begin` again for the request.
   */
  isCut(): boolean;
}

/** One reader of content that is still being produced. */
export interface Reading extends AsyncIterableIterator<Uint8Array> {
  /** Whether the reader fell too far behind. */
  isCut(): boolean;
}

/** Decision: run the handler as if there were no cache, and add `fields` to its response. */
export interface Bypass {
  readonly kind: "bypass";
  readonly outcome: Outcome;
  readonly reason: Refusal;
  /** `Cache-Status` and the status header, as far as the policy has them. None where the route is not enabled. */
  readonly fields: Fields;
  /** Fields to set only if neither earlier middleware nor the handler sets one of that name. */
  readonly unlessSet?: Fields | undefined;
}

/** Decision: run the handler. The adapter then calls exactly one of `open` and `abandon`, once. */
export interface Fill {
  readonly kind: "fill";
  /** Path and query for the handler, without the parameters outside the key (hazard 18). Undefined: nothing was dropped. */
  readonly target: string | undefined;
  /**
   * The same for the URL as received, which differs from `target` if something before the route rewrote the URL. The
   * adapter puts it wherever else the handler could read the URL.
   */
  readonly received: string | undefined;
  /** Whether the handler may see the parameter with this decoded name. Undefined: it may see all of them. */
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  /**
   * Lower-case names of request fields to hide from the handler: conditions and ranges, which the cache evaluates itself
   * (RFC 9110 §13, §14).
   */
  readonly hidden: readonly string[];
  /** Request fields to show the handler in their place: the validators of the stored response (RFC 9111 §4.3.1). */
  readonly conditions: Fields;
  /**
   * Returns why a response with this head cannot be stored, or undefined if it may be. With a refusal the adapter need
   * not copy the content. It has no effect: the adapter still calls `open`.
   */
  refusal(head: HandlerHead): Refusal | undefined;
  /** Continues once the handler has set status and fields. Throws `ERR_CACHE_FILL_TWICE` on a second call. */
  open(head: HandlerHead): OpenFill;
  /**
   * The client disconnected before the head. Returns whether the run goes on, because other requests wait for it or
   * because the stored response is updated by it. If true, the adapter opens or abandons the fill as if the client
   * were there. If false, the fill is abandoned already.
   */
  leave(): boolean;
  /**
   * Returns whether an error thrown by the handler is a response rather than a failure. It is if its `status` or
   * `statusCode` (else `given`, the status set on the response before) is from 400 to 599 and not one of the route's
   * `errorStatuses`.
   *
   * If true, the adapter opens the fill with whatever an error handler sends. Otherwise, or if the adapter cannot see
   * what is sent, it abandons the fill with the error. The adapter asks for each error, in order.
   */
  isAnswer(error: unknown, given?: number): boolean;
  /**
   * Ends the fill without a response: the handler failed, its client disconnected, or the response was sent where the
   * adapter cannot see it. `onError` receives `error` if no client does.
   */
  abandon(reason: Abandoned, error?: unknown): void;
  /** Returns the fields to add to a response that is sent without `open`: an error page, or one that the adapter missed. */
  passed(reason: Abandoned): Fields;
}

/**
 * Why a fill was not opened: the handler `failed`, the client disconnected (`aborted`), or the response was sent past
 * the adapter (`unheard`).
 */
export type Abandoned = "failed" | "aborted" | "unheard";

/** A fill whose head is known. The adapter calls exactly one of `complete`, `stream` and `abandon`, once. */
export interface OpenFill {
  /** Whether the response is stored if its content allows it. */
  readonly storable: boolean;
  /** Takes the whole content, stores it if allowed, and returns what to send: the response itself, a 304 or a 206. */
  complete(body: Uint8Array | string | undefined): Reply;
  /**
   * Takes content that comes in parts. Returns the head to send now and a sink for copies of the parts. `stop` is called
   * at most once, as soon as nobody wants the rest.
   */
  stream(stop?: () => void): StreamedReply;
  /** Forbids storing, for a reason that was not visible in the head. */
  refuse(reason: Refusal): void;
  /**
   * Delays storing and sharing until the head is really sent. The adapter calls it before `complete` or `stream` if
   * middleware may still change the head.
   *
   * It calls the returned function as the head is sent. `refusal` is the reason that the final fields give against
   * storing. That function returns the fields to send in place of those that announced a stored response.
   */
  defer?(): (refusal?: Refusal) => Fields;
  /** The handler failed, or its client disconnected, before the end. */
  abandon(reason: "failed" | "aborted"): void;
}

/** The head of a response whose content is passed through the cache in parts. */
export interface StreamedReply {
  readonly status: number;
  readonly fields: Fields;
  /** As in {@link Reply}. */
  readonly unlessSet?: Fields | undefined;
  /** How the handler wrote the response, as in {@link Reply}. */
  readonly making?: Making | undefined;
  /** Where to put copies of the content. Undefined if nothing is stored. Exactly one of `end` and `abandon` ends it. */
  readonly sink: Sink | undefined;
  /**
   * The content of the sink, for the run's own client to read at its own pace, like a follower. Present with a sink
   * while that client is connected. An adapter that reads it and calls `return()` when the client disconnects need not
   * call `sink.leave`. If it held back followers for too long, `isCut` returns true and the next part is an error. The
   * adapter then disconnects the client; the run goes on for the followers.
   */
  readonly content?: Reading | undefined;
}

/** Takes copies of a response's content while it is sent. */
export interface Sink {
  /** Adds one part. The bytes are copied, so callers may reuse their buffers. A string is added as UTF-8. */
  write(chunk: Uint8Array | string): void;
  /** Returns undefined if more may be written at once, else a promise that resolves when a reader needs more. */
  room(): Promise<void> | undefined;
  /**
   * Reports that the run's own client is not reading, where the adapter does not use `content`. `cut` is called if that
   * lasts for the route's `maxWait` while others follow. Returns a function to call when the client reads again.
   */
  hold(cut: () => void): () => void;
  /** Ends the content cleanly. It is stored if its length equals the head's `Content-Length`. */
  end(): void;
  /**
   * The run's own client disconnected. Returns whether the source goes on because others are reading. If false, the sink
   * is abandoned already.
   */
  leave(): boolean;
  /** The content broke off. Nothing is stored, and the connections of all readers break with `error`. */
  abandon(reason: "failed" | "aborted", error?: unknown): void;
}

/** What `begin` returns. `kind` tells them apart. */
export type Decision = Serve | Follow | Bypass | Fill;
