import { ServerResponse } from "node:http";
import { changesOf } from "../../adapter.ts";
import type { Fields, Fill, Making, OpenFill, Reply, Sink } from "../../adapter.ts";
import { abortWhenDestroyed } from "./abort-response.ts";
import { guardCompression } from "./compression-guard.ts";
import { ClientDisconnect } from "./client-disconnect.ts";
import { MethodOverride } from "./method-override.ts";
import type { AnswerMethod } from "./method-override.ts";
import { DeferredHead } from "./deferred-head.ts";
import { WrappedHead } from "./wrapped-head.ts";
import { areBeyondAscii, isHeadInUtf8, makingOf, textIn } from "./response-form.ts";
import type { Form } from "./response-form.ts";
import { fieldsOf, isFramed, replaceFields, setFields } from "./reply-fields.ts";
import { HeaderRecorder } from "./header-recorder.ts";
import { sentContent, isContent, readWrite } from "./write-arguments.ts";

/** Where a response is: before its first byte, in its content, or past the tap. */
type Stage = "head" | "content" | "over";

/** What a handler did to a head. */
interface Own {
  readonly fields: Fields;
  readonly making: Making | undefined;
}

/**
 * Listens to what a handler does with a Node response, and lets a fill have it.
 *
 * Content that comes whole, by one `end(body)`, is answered as the cache says: perhaps by a 304 or a 206. Content that
 * comes in parts flows past while copies go to the cache. Node sends a head with the first byte of content and not
 * before, and so does the tap: a head that was written is kept until then. Where the client goes away and others wait
 * for the content, the handler goes on without noticing.
 */
export class ResponseTap {
  readonly #res: ServerResponse;
  readonly #fill: Fill;
  readonly #onError: (error: unknown) => void;
  readonly #onOver: () => void;
  /** The fields that were said before the lookup. */
  readonly #earlier: Fields;
  readonly #recorder: HeaderRecorder;
  readonly #override: MethodOverride;
  /** Notices that the client goes. */
  readonly #disconnect: ClientDisconnect;
  #stage: Stage = "head";
  /** What was written of a head that is not sent yet. */
  #head: DeferredHead | undefined;
  #opened: OpenFill | undefined;
  /** How the handler sends what comes in parts. */
  #making: Making | undefined;
  #sink: Sink | undefined;
  /** Whether the handler itself wrote the head, before its content. */
  #isWritten = false;
  /** What is stored and shared only once its head has left. */
  #wrappedHead: WrappedHead | undefined;

  /**
   * `onError` is told what opening the fill throws: the error of a function that the route gave. `onOver` is called once
   * nothing is listened to any more, where something stands in front: that may look at the request then.
   */
  constructor(
    res: ServerResponse,
    fill: Fill,
    onError: (error: unknown) => void,
    onOver: () => void = () => undefined,
  ) {
    this.#res = res;
    this.#onOver = onOver;
    this.#fill = fill;
    this.#onError = onError;
    this.#earlier = fieldsOf(res);
    this.#recorder = new HeaderRecorder(res);
    this.#override = new MethodOverride(res, {
      writeHead: (...args) => this.#writeHead(args),
      flushHeaders: (...args) => this.#flushHeaders(args),
      write: (...args) => this.#write(args),
      end: (...args) => this.#end(args),
    });
    this.#disconnect = new ClientDisconnect(res, {
      leave: () => (this.#sink ?? fill).leave(),
      room: () => this.#sink?.room(),
      end: () => this.#onClose(),
    });
    res.once("close", () => this.#onClose());
  }

  /** The handler failed, or its client went away: nothing that is sent from now on is listened to. */
  abandon(reason: "failed" | "aborted", error?: unknown): void {
    if (this.#stage === "over") return;
    (this.#sink ?? this.#fill).abandon(reason, error);
    this.#release();
  }

  /** The handler failed: where nothing is sent yet, somebody else answers in its place, and may be listened to. */
  fail(error: unknown): void {
    if (this.#stage !== "head") return this.abandon("failed", error);
    this.#head?.release();
    this.#head?.takeBack();
    this.#head = undefined;
    this.#isWritten = false;
    if (this.#fill.isAnswer(error, this.#res.statusCode)) return;
    this.abandon("failed", error);
    if (!this.#res.headersSent) setFields(this.#res, this.#fill.passed("failed"));
  }

  /** The response closed before its end. A client's leaving was asked about before: the handler broke it off. */
  #onClose(): void {
    const { errored, req } = this.#res;
    this.#wrappedHead?.abandon();
    this.abandon(req.complete ? "failed" : "aborted", errored ?? undefined);
  }

  /** Nobody wants the rest: the handler hears of it as of a client that goes away. */
  #stop(): void {
    this.#release();
    this.#disconnect.stop();
  }

  /** Lets through what cannot be read here: Node refuses it, or somebody in between understands it. */
  #pass(name: AnswerMethod, args: unknown[]): unknown {
    // Then the head that is held until now has to be sent with it.
    if (this.#override.isWrapped) this.abandon("failed");
    return this.#override.call(name, args);
  }

  /** A head that left by a method which somebody in front had kept was not heard: nothing of it can be stored. */
  #notePast(): void {
    if (this.#stage === "head" && this.#head === undefined && this.#res.headersSent) this.abandon("failed");
  }

  #writeHead(args: unknown[]): unknown {
    this.#notePast();
    const status = Number(args[0]);
    // Of a status that cannot be, Node complains itself.
    if (this.#stage !== "head" || !(status >= 100 && status < 1000))
      return this.#override.call("writeHead", args);
    this.#isWritten = true;
    this.#head ??= new DeferredHead(this.#res);
    this.#head.write(args);
    return this.#res;
  }

  #flushHeaders(args: unknown[]): unknown {
    this.#notePast();
    if (this.#stage === "head" && (this.#isEmpty() || !this.#flow(undefined, true))) return undefined;
    return this.#override.call("flushHeaders", args);
  }

  #write(args: unknown[]): unknown {
    this.#notePast();
    const { chunk, encoding, callback } = readWrite(args);
    // Of a chunk that cannot be sent, Node complains itself.
    if (chunk === undefined || !isContent(chunk)) return this.#pass("write", args);
    if (this.#stage === "head" && this.#isEmpty()) {
      if (callback !== undefined) process.nextTick(callback);
      return true;
    }
    if (this.#stage === "head" && !this.#flow(textIn(chunk, encoding))) return false;
    const sink = this.#stage === "content" ? this.#sink : undefined;
    if (sink === undefined) return this.#override.call("write", args);
    const isDrained = this.#override.call("write", [chunk, encoding, callback && this.#unnoticed(callback)]);
    sink.write(sentContent(chunk, encoding));
    return this.#disconnect.hold(sink, isDrained !== false || this.#keepsAll());
  }

  /** Whether a slow client need not hold back the handler, and with it those who follow: the budget bounds what waits. */
  #keepsAll(): boolean {
    return this.#opened?.storable === true && this.#disconnect.hasClient;
  }

  /** What was not sent because the client is gone is no error of the handler's where it goes on. */
  #unnoticed(callback: (error?: unknown) => void): (error?: unknown) => void {
    return (error) => (error && this.#disconnect.check() ? callback() : callback(error));
  }

  #end(args: unknown[]): unknown {
    this.#notePast();
    const { chunk, encoding } = readWrite(args);
    if (this.#stage === "over" || !isContent(chunk)) return this.#pass("end", args);
    const content = chunk === undefined ? undefined : sentContent(chunk, encoding);
    if (this.#stage === "head") {
      this.#finishHead();
      if (!this.#disconnect.check()) this.abandon("aborted");
      else if (this.#isEmpty() || !isFramed(this.#res)) return this.#complete(content, args);
      else if (!this.#flow(textIn(chunk, encoding))) return this.#res;
    }
    const sink = this.#sink;
    if (sink === undefined) return this.#override.call("end", args);
    // After an abort the response is destroyed already, and the content broke off (hazard 9).
    const isWhole = this.#disconnect.check();
    const result = this.#override.call("end", args);
    if (content !== undefined) sink.write(content);
    if (content !== undefined && this.#making !== undefined)
      this.#making.endBytes = Buffer.byteLength(content);
    if (isWhole) sink.end();
    else sink.abandon("aborted");
    this.#release();
    return result;
  }

  /** The content is at hand as a whole: the cache says what to send. */
  #complete(content: string | Uint8Array | undefined, args: unknown[]): ServerResponse {
    const res = this.#res;
    const { statusCode } = res;
    const { chunk, encoding, callback } = readWrite(args);
    const own = this.#ownFields({ textIn: textIn(chunk, encoding) });
    const reply = this.#open(own, (opened) => opened.complete(content));
    if (reply === undefined) return res;
    const { status, fields, body, text, making } = reply;
    const leaving = this.#wrappedHead;
    this.#release();
    if (leaving !== undefined) {
      // What stands in front is given what the handler sent, and may make more of it.
      const isHandlers = status === statusCode;
      const isUnsized = isHandlers && own.making?.isUnsized === true;
      const said = isUnsized ? fields.filter(([name]) => name !== "content-length") : fields;
      this.#sayHead({ status, fields: said, making }, own);
      guardCompression(res, reply);
      try {
        leaving.begin(this.#isWritten, () => void this.#override.call("writeHead", [res.statusCode]));
        this.#override.call("end", isHandlers ? args : [body, callback]);
      } catch (error) {
        if (leaving.fail()) this.#takeBack(reply, own, statusCode);
        throw error;
      }
      return res;
    }
    this.#sayHead(reply, own);
    if (body !== undefined && !res.hasHeader("content-length"))
      res.setHeader("content-length", body.byteLength);
    this.#override.call("writeHead", [status]);
    // Node then writes head and content together; in latin1 unless the handler's go out in UTF-8.
    if (status === statusCode && isHeadInUtf8(own.making)) this.#override.call("end", args);
    else this.#override.call("end", text === undefined ? [body, callback] : [text, "latin1", callback]);
    return res;
  }

  /** The content comes in parts: sends the head, or lets it go with the first part; answers whether there is one. */
  #flow(text: Making["textIn"], isFlushed = false): boolean {
    const res = this.#res;
    this.#finishHead();
    const own = this.#ownFields({ textIn: text, isParted: true });
    this.#making = own.making;
    // What others are sent begins with bytes, and so would the head.
    const isOdd = (isFlushed || isHeadInUtf8(own.making)) && areBeyondAscii(res.getHeaders());
    const head = this.#open(own, (opened) => {
      this.#opened = opened;
      if (isOdd) opened.refuse("malformed");
      return opened.stream(() => this.#stop());
    });
    if (head === undefined) return false;
    const leaving = this.#wrappedHead;
    this.#sink = head.sink;
    if (head.sink === undefined) this.#release();
    else this.#holdNothingBack();
    // Nobody reads what is not shared.
    if (head.sink === undefined && this.#disconnect.stop()) return false;
    abortWhenDestroyed(this.#res);
    this.#sayHead(head, own);
    const write = (): void => void this.#override.call("writeHead", [res.statusCode]);
    if (leaving === undefined) write();
    else {
      guardCompression(res, head);
      leaving.begin(this.#isWritten, write);
    }
    return true;
  }

  #holdNothingBack(): void {
    this.#leaveHead("content");
    if (!this.#disconnect.hasClient) return;
    const res = this.#res;
    // `pipe` asks for it before its first write.
    Object.defineProperty(res, "writableNeedDrain", {
      configurable: true,
      get: () => !this.#keepsAll() && Reflect.get(ServerResponse.prototype, "writableNeedDrain", res),
    });
  }

  /** Lets those who stand in front of the tap add to the head before it is read, as Node would. */
  #finishHead(): void {
    if (this.#head !== undefined || this.#override.isFirst("writeHead")) return;
    this.#res.writeHead(this.#res.statusCode);
    this.#isWritten = false;
  }

  /** What is written after a 304 is not sent by Node either; the cache may send its own in its place. */
  #isEmpty(): boolean {
    this.#finishHead();
    return this.#res.statusCode === 304;
  }

  /** What the handler did to the head, and how it sends its content. */
  #ownFields(form: Form): Own {
    const changes = changesOf(fieldsOf(this.#res), this.#earlier);
    const fields = this.#recorder.of(changes.fields, changes.added);
    const isUnsized = !fields.some(([name]) => name === "content-length");
    return { fields, making: makingOf({ ...form, isHeadFirst: this.#isWritten, isUnsized }, changes) };
  }

  #open<Message>({ fields, making }: Own, answer: (opened: OpenFill) => Message): Message | undefined {
    const { statusCode: status } = this.#res;
    try {
      const opened = this.#fill.open({ status, fields, earlier: this.#earlier, making });
      if (this.#override.isWrapped) this.#wrappedHead = new WrappedHead(this.#res, opened);
      return answer(opened);
    } catch (error) {
      this.#release();
      this.#onError(error);
      return undefined;
    }
  }

  #sayHead(reply: Pick<Reply, "status" | "fields" | "making">, { fields: own }: Own): void {
    const res = this.#res;
    // The reason that the handler gave is that of its own status.
    if (reply.status !== res.statusCode) res.statusMessage = "";
    res.statusCode = reply.status;
    replaceFields(res, { own, earlier: this.#earlier }, reply);
  }

  /** What stands in front has failed, and somebody else answers: on what the handler said, as without a cache. */
  #takeBack(reply: Pick<Reply, "fields">, { fields }: Own, status: number): void {
    const res = this.#res;
    res.statusCode = status;
    replaceFields(res, { own: reply.fields, earlier: this.#earlier }, { fields, making: undefined });
    setFields(res, this.#fill.passed("failed"));
  }

  #leaveHead(stage: Stage): void {
    this.#stage = stage;
    this.#head?.release();
  }

  /** Takes the tap off; where another one stands in front of it, it lets everything pass. */
  #release(): void {
    if (this.#stage !== "over" && this.#override.isWrapped) this.#onOver();
    this.#leaveHead("over");
    this.#override.remove();
    this.#recorder.end();
    if (this.#disconnect.hasClient) Reflect.deleteProperty(this.#res, "writableNeedDrain");
    this.#disconnect.release();
  }
}
