import type { Fields } from "../../http/fields.ts";
import type { Outcome, Refusal } from "./outcomes.ts";
import type { Making } from "./store.ts";

/** What the handler decided before its first byte of content. */
export interface HandlerHead {
  /** The status code. */
  readonly status: number;
  /** The fields that the handler itself said: those present now less those present before the lookup. */
  readonly fields: Fields;
  /** The fields that earlier hooks or middleware had said before the lookup: heeded, never stored. */
  readonly earlier?: Fields;
  /** How the handler made the response; absent: in the usual way. */
  readonly making?: Making | undefined;
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
  /** How the handler made it; absent: in the usual way. What it took away of earlier fields is taken away again. */
  readonly making?: Making | undefined;
}

/** The answer is at hand: the handler does not run. */
export interface Serve {
  readonly kind: "serve";
  readonly outcome: Outcome;
  readonly reply: Reply;
}

/** The answer is on its way: another request's handler is saying it. */
export interface Follow {
  readonly kind: "follow";
  readonly outcome: Outcome;
  /** The status code. */
  readonly status: number;
  /** All fields to send; those that earlier hooks or middleware set stay beside them. */
  readonly fields: Fields;
  /** How the handler made it, as for a reply. */
  readonly making?: Making | undefined;
  /**
   * The content, from its first byte, at this reader's own pace. It throws where the source breaks off: the client's
   * connection has to break too and not to end cleanly. Whoever does not read it to its end calls `return()`.
   */
  readonly content: AsyncIterableIterator<Uint8Array>;
  /**
   * Whether what comes next of the content is an error, because it came much faster than it was read. A request that
   * has been sent nothing yet, because its turn on its connection had not come, is decided again then.
   */
  isCut(): boolean;
}

/** One reader of a content that is on its way. */
export interface Reading extends AsyncIterableIterator<Uint8Array> {
  /** Whether it has fallen too far behind. */
  isCut(): boolean;
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
  /**
   * The same of the URL as it was received, which differs where something in front of the route has rewritten it: for
   * every other name by which the handler could see the URL.
   */
  readonly received: string | undefined;
  /** The names that the query keeps, where some were dropped. */
  readonly keepsParameter: ((name: string) => boolean) | undefined;
  /** Lower-case names of request fields that the handler must not see: the cache answers those (RFC 9110 §13, §14). */
  readonly hidden: readonly string[];
  /** Request fields that the handler must see in their place: the conditions under which a stored response holds. */
  readonly conditions: Fields;
  /**
   * Why a response with this head will not be stored, as far as its head tells: its content need not be listened to.
   * Undefined where it may be. It changes nothing: `open` follows all the same.
   */
  refusal(head: HandlerHead): Refusal | undefined;
  /** The handler has decided status and fields. */
  open(head: HandlerHead): OpenFill;
  /**
   * The client went away before the head. Answers whether the run goes on, because others wait for it or because what
   * is stored hears of its head: then it is opened or abandoned as if the client were there. Otherwise it is abandoned
   * with this.
   */
  leave(): boolean;
  /**
   * The handler has thrown. Answers whether that is an answer and no failure: the error has a `status` or `statusCode`
   * that is none of the route's error statuses, or has none where the response was given such a status (`said`) before.
   * Then what is sent in its place, by an error handler perhaps, is opened as what the handler sends; where nobody here
   * sees that, and where it was a failure, the fill is abandoned with the error. It is asked of each error, in order.
   */
  isAnswer(error: unknown, said?: number): boolean;
  /**
   * The handler failed, went away without an answer, or answered where nobody hears it; `error` is told where no client
   * hears of it.
   */
  abandon(reason: Abandoned, error?: unknown): void;
  /** The fields that a head says which goes out in the place of one that is opened: of an error, or past the adapter. */
  passed(reason: Abandoned): Fields;
}

/** Why a fill is not opened. */
export type Abandoned = "failed" | "aborted" | "unheard";

/** A fill whose head is known; exactly one of `complete`, `stream` or `abandon` follows. */
export interface OpenFill {
  /** Whether the response will be stored if its content allows it. */
  readonly storable: boolean;
  /** Takes the whole content, stores it if it may be stored, and answers what to send: perhaps a 304 or a 206. */
  complete(body: Uint8Array | string | undefined): Reply;
  /**
   * The content comes in parts: answers the head to send now, and where to put copies of the parts. `stop` is called
   * once if nobody wants the rest of them.
   */
  stream(stop?: () => void): StreamedReply;
  /** Something that the head did not show forbids storing. */
  refuse(reason: Refusal): void;
  /**
   * Called before `complete` or `stream` where somebody may still change the head on its way out: nothing is stored and
   * nobody else is answered before the returned function is called, as the head leaves. `refusal` is what its last
   * fields forbid. The function returns the fields to send in the place of those that said otherwise.
   */
  defer?(): (refusal?: Refusal) => Fields;
  /** The handler failed, or its client went away before the end. */
  abandon(reason: "failed" | "aborted"): void;
}

/** The head of a response whose content flows past the cache. */
export interface StreamedReply {
  readonly status: number;
  readonly fields: Fields;
  /** How the handler made it, as for a reply. */
  readonly making?: Making | undefined;
  /** Where copies of the content go; undefined if nothing is stored. Exactly one of `end` or `abandon` ends it. */
  readonly sink: Sink | undefined;
  /**
   * What goes into the sink, for the run's own client to read at its own pace, beside those who follow it; present with
   * a sink as long as there is such a client. An adapter that reads it, and lets the client's leaving call `return()`,
   * need not call `sink.leave`.
   */
  readonly content?: AsyncIterableIterator<Uint8Array> | undefined;
}

/** Takes copies of a response's content while it flows. */
export interface Sink {
  /** Adds one part. The bytes are copied: callers reuse their buffers. */
  write(chunk: Uint8Array | string): void;
  /** Undefined where more may come at once; else a promise of the moment from which somebody waits for more. */
  room(): Promise<void> | undefined;
  /**
   * The run's own client holds the source back, where it does not read `content`: `cut` is called once it has done so
   * for the route's `waitMs` while others follow. Answers what to call when it does not any more.
   */
  hold(cut: () => void): () => void;
  /** The content ended cleanly: it is stored if its length is what the head said. */
  end(): void;
  /**
   * The run's own client went away. Answers whether the source is to go on because others read on; otherwise it is
   * abandoned with this.
   */
  leave(): boolean;
  /** The content broke off: nothing is stored, and the connections of all who read it break with `error`. */
  abandon(reason: "failed" | "aborted", error?: unknown): void;
}

/** What `begin` answers. */
export type Decision = Serve | Follow | Bypass | Fill;
