import { ServerResponse } from "node:http";
import { changesOf, takeTags } from "../../adapter.ts";
import type { Fields, Fill, Making, OpenFill, Reply, Sink } from "../../adapter.ts";
import { abortWhenDestroyed } from "./abort-response.ts";
import { ClientDisconnect } from "./client-disconnect.ts";
import { guardCompression } from "./compression-guard.ts";
import { HeaderRecorder } from "./header-recorder.ts";
import { MethodOverride } from "./method-override.ts";
import type { SendMethod } from "./method-override.ts";
import { PendingHead } from "./pending-head.ts";
import { fieldsOf, isFramed, replaceFields, setFields } from "./reply-fields.ts";
import { areBeyondAscii, isHeadInUtf8, makingOf, textIn } from "./response-form.ts";
import type { Form, OwnHead } from "./response-form.ts";
import { WrappedHead } from "./wrapped-head.ts";
import { isContent, readWrite, sentContent } from "./write-arguments.ts";

/**
 * Where a response is: before its first byte, in its content, or past the tap. `pending` is a head that was written
 * and is not sent yet, `isWritten` whether the handler itself wrote it, before its content.
 */
type State =
  | Readonly<{ kind: "head"; pending: PendingHead | undefined; isWritten: boolean }>
  | Readonly<{ kind: "content"; opened: OpenFill; sink: Sink; making: Making | undefined }>
  | Readonly<{ kind: "over" }>;

const NOT_WRITTEN: State = { kind: "head", pending: undefined, isWritten: false };

/**
 * Reads what a handler sends on a Node response, for a fill.
 *
 * Content that comes whole, by one `end(body)`, is replaced by the cache's reply, perhaps a 304 or a 206. Content that
 * comes in parts is sent on while copies go to the cache. Like Node, the tap defers a head that was written until the
 * first byte of content. If the client disconnects while others wait, the handler goes on and does not notice.
 */
export class ResponseTap {
  readonly #res: ServerResponse;
  readonly #fill: Fill;
  readonly #onError: (error: unknown) => void;
  readonly #onOver: () => void;
  readonly #earlier: Fields;
  readonly #recorder: HeaderRecorder;
  readonly #override: MethodOverride;
  readonly #disconnect: ClientDisconnect;
  #state: State = NOT_WRITTEN;
  /** The head as middleware may still change it: nothing is stored or shared until it is sent. */
  #wrappedHead: WrappedHead | undefined;

  /**
   * `onError` receives what opening the fill throws: the error of a function in the route's options. `onOver` is called
   * once, when the tap is removed, if middleware has wrapped the response. `earlier` are the fields set before the handler.
   */
  constructor(
    res: ServerResponse,
    fill: Fill,
    onError: (error: unknown) => void,
    onOver: () => void = () => undefined,
    earlier: Fields = fieldsOf(res),
  ) {
    this.#res = res;
    this.#onOver = onOver;
    this.#fill = fill;
    this.#onError = onError;
    this.#earlier = earlier;
    this.#recorder = new HeaderRecorder(res);
    this.#override = new MethodOverride(res, {
      writeHead: (...args) => this.#writeHead(args),
      flushHeaders: (...args) => this.#flushHeaders(args),
      write: (...args) => this.#write(args),
      end: (...args) => this.#end(args),
    });
    this.#disconnect = new ClientDisconnect(res, {
      leave: () => this.#target.leave(),
      room: () => (this.#state.kind === "content" ? this.#state.sink.room() : undefined),
      end: () => this.#onClose(),
    });
    res.once("close", () => this.#onClose());
  }

  /** The handler failed, or its client disconnected: nothing that is sent from now on is read. */
  abandon(reason: "failed" | "aborted", error?: unknown): void {
    if (this.#state.kind === "over") return;
    this.#target.abandon(reason, error);
    this.#release();
  }

  /**
   * The handler failed. If nothing is sent yet, an error handler responds in its place, and may be read: not if the error
   * `isForeign`, of code around the handler.
   */
  fail(error: unknown, isForeign = false): void {
    if (this.#state.kind !== "head") return this.abandon("failed", error);
    this.#state.pending?.release();
    this.#state.pending?.undo();
    this.#state = NOT_WRITTEN;
    if (!isForeign && this.#fill.isAnswer(error, this.#res.statusCode)) return;
    this.abandon("failed", error);
    if (!this.#res.headersSent) setFields(this.#res, this.#fill.passed("failed"));
  }

  /** What the run ends or leaves: the fill, and its sink once there is one. */
  get #target(): Fill | Sink {
    return this.#state.kind === "content" ? this.#state.sink : this.#fill;
  }

  /** The response closed before its end. A disconnect was noticed before, so the handler itself destroyed it. */
  #onClose(): void {
    const { errored, req } = this.#res;
    this.#wrappedHead?.abandon();
    this.abandon(req.complete ? "failed" : "aborted", errored ?? undefined);
  }

  /** Nobody wants the rest: the handler is told that its client has disconnected. */
  #stop(): void {
    this.#release();
    this.#disconnect.stop();
  }

  /** Passes on a call that cannot be read here: Node refuses it, or middleware understands it. */
  #passThrough(name: SendMethod, args: unknown[]): unknown {
    // Middleware may send content, and then the pending head has to be sent with it.
    if (this.#override.isWrapped) this.abandon("failed");
    return this.#override.forward(name, args);
  }

  /** A head that was sent by a method that somebody kept from before was not read: nothing is stored. */
  #abandonUnread(): void {
    const state = this.#state;
    if (state.kind === "head" && !state.pending && this.#res.headersSent) this.abandon("failed");
  }

  #writeHead(args: unknown[]): unknown {
    this.#abandonUnread();
    const state = this.#state;
    const status = Number(args[0]);
    // Node itself throws for an invalid status.
    if (state.kind !== "head" || !(status >= 100 && status < 1000))
      return this.#override.forward("writeHead", args);
    const pending = state.pending ?? new PendingHead(this.#res);
    this.#state = { kind: "head", pending, isWritten: true };
    pending.write(args);
    return this.#res;
  }

  #flushHeaders(args: unknown[]): unknown {
    this.#abandonUnread();
    if (this.#state.kind === "head" && (this.#isEmpty() || !this.#flow(undefined, true))) return undefined;
    return this.#override.forward("flushHeaders", args);
  }

  #write(args: unknown[]): unknown {
    this.#abandonUnread();
    const { chunk, encoding, callback } = readWrite(args);
    // Node itself throws for an invalid chunk.
    if (chunk === undefined || !isContent(chunk)) return this.#passThrough("write", args);
    if (this.#state.kind === "head" && this.#isEmpty()) {
      if (callback !== undefined) process.nextTick(callback);
      return true;
    }
    if (this.#state.kind === "head" && !this.#flow(textIn(chunk, encoding))) return false;
    const state: State = this.#state;
    if (state.kind !== "content") return this.#override.forward("write", args);
    const { opened, sink } = state;
    const wrapped = callback && this.#withoutDisconnect(callback);
    const isDrained = this.#override.forward("write", [chunk, encoding, wrapped]);
    sink.write(sentContent(chunk, encoding));
    return this.#disconnect.hold(sink, isDrained !== false || this.#keepsAll(opened));
  }

  /** Whether a slow client need not hold back the handler and its followers: the cache's limit bounds the buffer. */
  #keepsAll(opened: OpenFill): boolean {
    return opened.storable && this.#disconnect.hasClient;
  }

  /** A handler that goes on without its client gets no error for what was not sent to that client. */
  #withoutDisconnect(callback: (error?: unknown) => void): (error?: unknown) => void {
    return (error) => (error && this.#disconnect.check() ? callback() : callback(error));
  }

  #end(args: unknown[]): unknown {
    this.#abandonUnread();
    const { chunk, encoding } = readWrite(args);
    if (this.#state.kind === "over" || !isContent(chunk)) return this.#passThrough("end", args);
    const content = chunk === undefined ? undefined : sentContent(chunk, encoding);
    if (this.#state.kind === "head") {
      this.#finishHead();
      if (!this.#disconnect.check()) this.abandon("aborted");
      else if (this.#isEmpty() || !isFramed(this.#res)) return this.#complete(content, args);
      else if (!this.#flow(textIn(chunk, encoding))) return this.#res;
    }
    const state: State = this.#state;
    if (state.kind !== "content") return this.#override.forward("end", args);
    const { sink, making } = state;
    // After an abort the response is destroyed already, and its content is incomplete (hazard 9).
    const isWhole = this.#disconnect.check();
    const result = this.#override.forward("end", args);
    if (content !== undefined) sink.write(content);
    if (content !== undefined && making !== undefined) making.endBytes = Buffer.byteLength(content);
    if (isWhole) sink.end();
    else sink.abandon("aborted");
    this.#release();
    return result;
  }

  /** The content is whole: the cache decides what to send. */
  #complete(content: string | Uint8Array | undefined, args: unknown[]): ServerResponse {
    const res = this.#res;
    const { statusCode } = res;
    const { chunk, encoding, callback } = readWrite(args);
    const own = this.#ownHead({ textIn: textIn(chunk, encoding) });
    const reply = this.#open(own, (opened) => opened.complete(content));
    if (reply === undefined) return res;
    const { status, fields, unlessSet, body, text, making } = reply;
    const wrappedHead = this.#wrappedHead;
    this.#release();
    if (wrappedHead !== undefined) {
      // Middleware is given what the handler sent, and may change it.
      const isHandlers = status === statusCode;
      const isUnsized = isHandlers && own.making?.isUnsized === true;
      const shown = isUnsized ? fields.filter(([name]) => name !== "content-length") : fields;
      this.#setHead({ status, fields: shown, unlessSet, making }, own);
      guardCompression(res, reply);
      try {
        this.#sendWrapped(wrappedHead, own);
        this.#override.forward("end", isHandlers ? args : [body, callback]);
      } catch (error) {
        if (wrappedHead.fail()) this.#undoHead(reply, own, statusCode);
        throw error;
      }
      return res;
    }
    this.#setHead(reply, own);
    if (body !== undefined && !res.hasHeader("content-length"))
      res.setHeader("content-length", body.byteLength);
    this.#override.forward("writeHead", [status]);
    // Node writes head and content of a text together, and so in latin1 unless the handler's head is in UTF-8.
    if (status === statusCode && isHeadInUtf8(own.making)) this.#override.forward("end", args);
    else this.#override.forward("end", text === undefined ? [body, callback] : [text, "latin1", callback]);
    return res;
  }

  /** The content comes in parts: sends the head, at once or with the first part. Returns whether anything is sent. */
  #flow(text: Making["textIn"], isFlushed = false): boolean {
    const res = this.#res;
    this.#finishHead();
    const own = this.#ownHead({ textIn: text, isParted: true });
    // Followers are sent bytes first, and so their head would be in latin1.
    const isOdd = (isFlushed || isHeadInUtf8(own.making)) && areBeyondAscii(res.getHeaders());
    const flowing = this.#open(own, (opened) => {
      if (isOdd) opened.refuse("malformed");
      return { opened, head: opened.stream(() => this.#stop()) };
    });
    if (flowing === undefined) return false;
    const { opened, head } = flowing;
    if (head.sink !== undefined) this.#enterContent(opened, head.sink, own);
    else this.#release();
    // Nobody reads a response that is neither shared nor has a client.
    if (head.sink === undefined && this.#disconnect.stop()) return false;
    abortWhenDestroyed(res);
    this.#setHead(head, own);
    if (this.#wrappedHead === undefined) this.#override.forward("writeHead", [res.statusCode]);
    else {
      guardCompression(res, head);
      this.#sendWrapped(this.#wrappedHead, own);
    }
    return true;
  }

  #enterContent(opened: OpenFill, sink: Sink, { making }: OwnHead): void {
    this.#leaveHead({ kind: "content", opened, sink, making });
    if (!this.#disconnect.hasClient) return;
    const res = this.#res;
    // `pipe` reads it before its first write.
    Object.defineProperty(res, "writableNeedDrain", {
      configurable: true,
      get: () => !this.#keepsAll(opened) && Reflect.get(ServerResponse.prototype, "writableNeedDrain", res),
    });
  }

  /** Lets wrappers of `writeHead` add to the head before it is read, as Node would before it is sent. */
  #finishHead(): void {
    const state = this.#state;
    if (state.kind !== "head" || state.pending !== undefined) return;
    if (this.#override.isOutermost("writeHead")) return;
    this.#res.writeHead(this.#res.statusCode);
    if (this.#state.kind === "head") this.#state = { ...this.#state, isWritten: false };
  }

  /** Whether it is a 304: Node sends no content after it, and the cache may reply with its own. */
  #isEmpty(): boolean {
    this.#finishHead();
    return this.#res.statusCode === 304;
  }

  #ownHead(form: Form): OwnHead {
    const changes = changesOf(fieldsOf(this.#res), this.#earlier);
    const fields = this.#recorder.given(changes.fields, changes.added);
    const isHeadFirst = this.#state.kind === "head" && this.#state.isWritten;
    const isUnsized = !fields.some(([name]) => name === "content-length");
    return { fields, making: makingOf({ ...form, isHeadFirst, isUnsized }, changes) };
  }

  #open<Message>({ fields, making }: OwnHead, read: (opened: OpenFill) => Message): Message | undefined {
    try {
      const head = { status: this.#res.statusCode, fields, earlier: this.#earlier, making };
      const opened = this.#fill.open({ ...head, tags: takeTags(this.#res) });
      if (this.#override.isWrapped) this.#wrappedHead = new WrappedHead(this.#res, opened);
      return read(opened);
    } catch (error) {
      this.#release();
      this.#onError(error);
      return undefined;
    }
  }

  #setHead(reply: Omit<Reply, "body">, { fields: own }: OwnHead): void {
    const res = this.#res;
    // The handler's reason phrase belongs to its own status.
    if (reply.status !== res.statusCode) res.statusMessage = "";
    res.statusCode = reply.status;
    replaceFields(res, { own, earlier: this.#earlier }, reply);
  }

  #sendWrapped(head: WrappedHead, { making }: OwnHead): void {
    const write = (): void => void this.#override.forward("writeHead", [this.#res.statusCode]);
    head.send(making?.isHeadFirst === true, write);
  }

  /** Restores the handler's own head, as without a cache: middleware has thrown, and an error handler responds. */
  #undoHead({ fields: own, unlessSet: told = [] }: Reply, { fields }: OwnHead, status: number): void {
    this.#res.statusCode = status;
    replaceFields(this.#res, { own, told, earlier: this.#earlier }, { fields, making: undefined });
    setFields(this.#res, this.#fill.passed("failed"));
  }

  #leaveHead(state: State): void {
    const before = this.#state;
    this.#state = state;
    if (before.kind === "head") before.pending?.release();
  }

  /** Removes the tap. Where somebody has wrapped its methods, they pass everything on. */
  #release(): void {
    if (this.#state.kind !== "over" && this.#override.isWrapped) this.#onOver();
    this.#leaveHead({ kind: "over" });
    this.#override.remove();
    this.#recorder.stop();
    if (this.#disconnect.hasClient) Reflect.deleteProperty(this.#res, "writableNeedDrain");
    this.#disconnect.release();
  }
}
