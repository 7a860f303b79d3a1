import { ServerResponse } from "node:http";
import { subtractFields } from "../../adapter.ts";
import type { Fields, Fill, OpenFill, Sink } from "../../adapter.ts";
import { breakWhenDestroyed } from "./break-off.ts";
import { guardCoding } from "./coding.ts";
import { Departure } from "./departure.ts";
import { Front } from "./front.ts";
import type { AnswerMethod } from "./front.ts";
import { HeldHead } from "./held-head.ts";
import { headBy, onLeaving } from "./leaving.ts";
import { asSized, cookiesOf, fieldsOf, isFramed, noncePoliciesOf, replaceFields } from "./reply-fields.ts";
import { contentOf, isContent, readWrite } from "./write-arguments.ts";

/** Where a response is: before its first byte, in its content, or past the tap. */
type Stage = "head" | "content" | "over";

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
  /** The fields that were said before the lookup. */
  readonly #earlier: Fields;
  readonly #front: Front;
  /** Notices that the client goes. */
  readonly #departure: Departure;
  #stage: Stage = "head";
  /** What was written of a head that is not sent yet. */
  #head: HeldHead | undefined;
  #opened: OpenFill | undefined;
  #sink: Sink | undefined;
  /** Whether the handler itself wrote the head, before its content. */
  #isWritten = false;
  /** What is stored and shared only once its head has left. */
  #leaving: OpenFill | undefined;
  /** Looks at the head as it leaves. */
  #onHead: (() => void) | undefined;

  /** `onError` is told what opening the fill throws: the error of a function that the route gave. */
  constructor(res: ServerResponse, fill: Fill, onError: (error: unknown) => void) {
    this.#res = res;
    this.#fill = fill;
    this.#onError = onError;
    this.#earlier = fieldsOf(res);
    this.#front = new Front(res, {
      writeHead: (...args) => this.#writeHead(args),
      flushHeaders: (...args) => this.#flushHeaders(args),
      write: (...args) => this.#write(args),
      end: (...args) => this.#end(args),
    });
    this.#departure = new Departure(res, {
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

  /** The handler failed: where nothing is sent yet, somebody else answers in its place. */
  fail(error: unknown): void {
    const head = this.#stage === "head" ? this.#head : undefined;
    this.abandon("failed", error);
    head?.takeBack();
  }

  /** The response closed before its end. A client's leaving was asked about before: the handler broke it off. */
  #onClose(): void {
    const { errored, req } = this.#res;
    this.#leaving?.abandon("aborted");
    this.abandon(req.complete ? "failed" : "aborted", errored ?? undefined);
  }

  /** Nobody wants the rest: the handler hears of it as of a client that goes away. */
  #stop(): void {
    this.#release();
    this.#departure.stop();
  }

  /** Lets through what cannot be read here: Node refuses it, or somebody in between understands it. */
  #pass(name: AnswerMethod, args: unknown[]): unknown {
    // Then the head that is held until now has to be sent with it.
    if (this.#front.isWrapped) this.abandon("failed");
    return this.#front.call(name, args);
  }

  #writeHead(args: unknown[]): unknown {
    const status = Number(args[0]);
    // Of a status that cannot be, Node complains itself.
    if (this.#stage !== "head" || !(status >= 100 && status < 1000))
      return this.#front.call("writeHead", args);
    this.#isWritten = true;
    this.#head ??= new HeldHead(this.#res);
    this.#head.write(args);
    return this.#res;
  }

  #flushHeaders(args: unknown[]): unknown {
    if (this.#stage === "head" && (this.#isEmpty() || !this.#flow())) return undefined;
    return this.#front.call("flushHeaders", args);
  }

  #write(args: unknown[]): unknown {
    const { chunk, encoding, callback } = readWrite(args);
    // Of a chunk that cannot be sent, Node complains itself.
    if (chunk === undefined || !isContent(chunk)) return this.#pass("write", args);
    if (this.#stage === "head" && this.#isEmpty()) {
      if (callback !== undefined) process.nextTick(callback);
      return true;
    }
    if (this.#stage === "head" && !this.#flow()) return false;
    const sink = this.#stage === "content" ? this.#sink : undefined;
    if (sink === undefined) return this.#front.call("write", args);
    const isDrained = this.#front.call("write", [chunk, encoding, callback && this.#unnoticed(callback)]);
    sink.write(contentOf(chunk, encoding));
    return this.#departure.hold(sink, isDrained !== false || this.#keepsAll());
  }

  /** Whether a slow client need not hold back the handler, and with it those who follow: the budget bounds what waits. */
  #keepsAll(): boolean {
    return this.#opened?.storable === true && this.#departure.hasClient;
  }

  /** What was not sent because the client is gone is no error of the handler's where it goes on. */
  #unnoticed(callback: (error?: unknown) => void): (error?: unknown) => void {
    return (error) => (error && this.#departure.check() ? callback() : callback(error));
  }

  #end(args: unknown[]): unknown {
    const { chunk, encoding } = readWrite(args);
    if (this.#stage === "over" || !isContent(chunk)) return this.#pass("end", args);
    const content = chunk === undefined ? undefined : contentOf(chunk, encoding);
    if (this.#stage === "head") {
      this.#finishHead();
      if (!this.#departure.check()) this.abandon("aborted");
      else if (this.#isEmpty() || !isFramed(this.#res)) return this.#complete(content, args);
      else if (!this.#flow()) return this.#res;
    }
    const sink = this.#sink;
    if (sink === undefined) return this.#front.call("end", args);
    // After an abort the response is destroyed already, and the content broke off (hazard 9).
    const isWhole = this.#departure.check();
    const result = this.#front.call("end", args);
    if (content !== undefined) sink.write(content);
    if (isWhole) sink.end();
    else sink.abandon("aborted");
    this.#release();
    return result;
  }

  /** The content is at hand as a whole: the cache says what to send. */
  #complete(content: string | Uint8Array | undefined, args: unknown[]): ServerResponse {
    const res = this.#res;
    const own = this.#ownFields();
    const { statusCode } = res;
    const reply = this.#open(own, (opened) => {
      if (this.#front.isWrapped) this.#awaitHead(opened);
      return opened.complete(content);
    });
    if (reply === undefined) return res;
    const { callback } = readWrite(args);
    const { status, fields, body, text } = reply;
    if (this.#front.isWrapped) {
      this.#release();
      // What stands in front is given what the handler sent, and may make more of it.
      const isHandlers = status === statusCode;
      this.#sayHead({ status, fields: isHandlers ? asSized(fields, own) : fields }, own);
      guardCoding(res, reply);
      this.#letHeadGo();
      this.#front.call("end", isHandlers ? args : [body, callback]);
      return res;
    }
    this.#release();
    this.#sayHead(reply, own);
    if (body !== undefined && !res.hasHeader("content-length"))
      res.setHeader("content-length", body.byteLength);
    this.#front.call("writeHead", [status]);
    // One byte per character: Node then writes head and content together.
    this.#front.call("end", text === undefined ? [body, callback] : [text, "latin1", callback]);
    return res;
  }

  /** The content comes in parts: sends the head, or lets it go with the first part; answers whether there is one. */
  #flow(): boolean {
    this.#finishHead();
    const own = this.#ownFields();
    const head = this.#open(own, (opened) => {
      this.#opened = opened;
      if (this.#front.isWrapped) this.#awaitHead(opened);
      return opened.stream(() => this.#stop());
    });
    if (head === undefined) return false;
    this.#sink = head.sink;
    if (head.sink === undefined) this.#release();
    else this.#holdNothingBack();
    // Nobody reads what is not shared.
    if (head.sink === undefined && this.#departure.stop()) return false;
    breakWhenDestroyed(this.#res);
    this.#sayHead(head, own);
    if (this.#front.isWrapped) this.#letHeadGo();
    else this.#front.call("writeHead", [head.status]);
    return true;
  }

  /** Puts off what the fill does for others until the head leaves: what stands in front may write a session's cookie. */
  #awaitHead(opened: OpenFill): void {
    const res = this.#res;
    const go = opened.defer?.();
    this.#leaving = opened;
    let known: readonly string[] = [];
    this.#onHead = () => {
      known = cookiesOf(res);
      const policies = noncePoliciesOf(res);
      onLeaving(res, () => {
        this.#leaving = undefined;
        const isLate = cookiesOf(res).some((line) => !known.includes(line));
        // The content has been read by then, and not for this nonce (hazard 37).
        const isUnread = noncePoliciesOf(res).some((line) => !policies.includes(line));
        const said = go?.(isLate ? "late-cookie" : isUnread ? "nonce" : undefined) ?? [];
        for (const [name, value] of said) res.setHeader(name, value);
      });
    };
  }

  /** From now on what stands in front has the head: as the handler wrote it, or with its first content. */
  #letHeadGo(): void {
    const res = this.#res;
    this.#onHead?.();
    const write = (): unknown => this.#front.call("writeHead", [res.statusCode]);
    if (this.#isWritten) write();
    else headBy(res, write);
  }

  #holdNothingBack(): void {
    this.#leaveHead("content");
    if (!this.#departure.hasClient) return;
    const res = this.#res;
    // `pipe` asks for it before its first write.
    Object.defineProperty(res, "writableNeedDrain", {
      configurable: true,
      get: () => !this.#keepsAll() && Reflect.get(ServerResponse.prototype, "writableNeedDrain", res),
    });
  }

  /** Lets those who stand in front of the tap add to the head before it is read, as Node would. */
  #finishHead(): void {
    if (this.#head !== undefined || this.#front.isFirst("writeHead")) return;
    this.#res.writeHead(this.#res.statusCode);
    this.#isWritten = false;
  }

  /** What is written after a 304 is not sent by Node either; the cache may send its own in its place. */
  #isEmpty(): boolean {
    this.#finishHead();
    return this.#res.statusCode === 304;
  }

  #ownFields(): Fields {
    return subtractFields(fieldsOf(this.#res), this.#earlier);
  }

  #open<Message>(own: Fields, answer: (opened: OpenFill) => Message): Message | undefined {
    try {
      return answer(this.#fill.open({ status: this.#res.statusCode, fields: own, earlier: this.#earlier }));
    } catch (error) {
      // A throw would end in whatever called `end`: a timer, perhaps, and with it the process.
      this.#release();
      this.#head?.takeBack();
      this.#onError(error);
      return undefined;
    }
  }

  #sayHead({ status, fields }: { readonly status: number; readonly fields: Fields }, own: Fields): void {
    const res = this.#res;
    // The reason that the handler gave is that of its own status.
    if (status !== res.statusCode) res.statusMessage = "";
    res.statusCode = status;
    replaceFields(res, own, fields);
  }

  #leaveHead(stage: Stage): void {
    this.#stage = stage;
    this.#head?.release();
  }

  /** Takes the tap off; where another one stands in front of it, it lets everything pass. */
  #release(): void {
    this.#leaveHead("over");
    this.#front.remove();
    if (this.#departure.hasClient) Reflect.deleteProperty(this.#res, "writableNeedDrain");
    this.#departure.release();
  }
}
