import type { ServerResponse } from "node:http";
import { subtractFields } from "../../adapter.ts";
import type { Fields, Fill, OpenFill, Sink } from "../../adapter.ts";
import { fieldsOf, replaceFields } from "./reply-fields.ts";
import { applyHead, contentOf, isContent, readWrite } from "./write-arguments.ts";

const TAPPED = ["writeHead", "flushHeaders", "write", "end"] as const;

type Method = (...args: unknown[]) => unknown;
type Methods = Record<(typeof TAPPED)[number], Method>;

/** Where a response is: before its first byte, in its content, or past the tap. */
type Stage = "head" | "content" | "over";

/**
 * Listens to what a handler does with a Node response, and lets a fill have it.
 *
 * Content that comes whole, by one `end(body)`, is answered as the cache says: perhaps by a 304 or a 206. Content that
 * comes in parts flows past while copies go to the cache. Node sends a head with the first byte of content and not
 * before, and so does the tap: a head that was written is kept until then.
 */
export class ResponseTap {
  readonly #res: ServerResponse;
  readonly #fill: Fill;
  readonly #onError: (error: unknown) => void;
  /** The fields that were said before the lookup. */
  readonly #earlier: Fields;
  /** The methods that the tap stands in front of: Node's, or those of earlier middleware. */
  readonly #outer: Methods;
  readonly #own: Methods;
  /** Which of the outer methods an earlier middleware had put on this response. */
  readonly #wrapped: ReadonlySet<string>;
  #stage: Stage = "head";
  #isHeadWritten = false;
  #sink: Sink | undefined;

  /** `onError` is told what opening the fill throws: the error of a function that the route gave. */
  constructor(res: ServerResponse, fill: Fill, onError: (error: unknown) => void) {
    this.#res = res;
    this.#fill = fill;
    this.#onError = onError;
    this.#earlier = fieldsOf(res);
    const methods = res as unknown as Methods;
    const { writeHead, flushHeaders, write, end } = methods;
    this.#outer = { writeHead, flushHeaders, write, end };
    this.#wrapped = new Set(TAPPED.filter((name) => Object.hasOwn(res, name)));
    this.#own = {
      writeHead: (...args) => this.#writeHead(args),
      flushHeaders: (...args) => this.#flushHeaders(args),
      write: (...args) => this.#write(args),
      end: (...args) => this.#end(args),
    };
    Object.assign(methods, this.#own);
    res.once("close", () => this.abandon("aborted"));
  }

  /** The handler failed, or its client went away: nothing that is sent from now on is listened to. */
  abandon(reason: "failed" | "aborted"): void {
    if (this.#stage === "over") return;
    (this.#sink ?? this.#fill).abandon(reason);
    this.#release();
  }

  #writeHead(args: unknown[]): unknown {
    const status = Number(args[0]);
    // Of a status that cannot be, Node complains itself.
    if (this.#stage !== "head" || !(status >= 100 && status <= 999))
      return this.#outerCall("writeHead", args);
    applyHead(this.#res, args);
    this.#isHeadWritten = true;
    Object.defineProperty(this.#res, "headersSent", { configurable: true, get: () => true });
    return this.#res;
  }

  #flushHeaders(args: unknown[]): unknown {
    if (this.#stage === "head" && (this.#isEmpty() || !this.#flow())) return undefined;
    return this.#outerCall("flushHeaders", args);
  }

  #write(args: unknown[]): unknown {
    const { chunk, encoding, callback } = readWrite(args);
    // Of a chunk that cannot be sent, Node complains itself.
    if (chunk === undefined || !isContent(chunk)) return this.#outerCall("write", args);
    if (this.#stage === "head" && this.#isEmpty()) {
      if (callback !== undefined) process.nextTick(callback);
      return true;
    }
    if (this.#stage === "head" && !this.#flow()) return false;
    const isDrained = this.#outerCall("write", args);
    this.#sink?.write(contentOf(chunk, encoding));
    return isDrained;
  }

  #end(args: unknown[]): unknown {
    const { chunk, encoding, callback } = readWrite(args);
    if (this.#stage === "over" || !isContent(chunk)) return this.#outerCall("end", args);
    const content = chunk === undefined ? undefined : contentOf(chunk, encoding);
    if (this.#stage === "head") {
      this.#finishHead();
      if (!isAlive(this.#res)) this.abandon("aborted");
      else if (this.#isEmpty() || !isFramed(this.#res)) return this.#complete(content, callback);
      else if (!this.#flow()) return this.#res;
    }
    const result = this.#outerCall("end", args);
    const sink = this.#sink;
    if (sink === undefined) return result;
    if (content !== undefined) sink.write(content);
    // After an abort the response is destroyed already, and the content broke off (hazard 9).
    if (isAlive(this.#res)) sink.end();
    else sink.abandon("aborted");
    this.#release();
    return result;
  }

  /** The content is at hand as a whole: the cache says what to send. */
  #complete(content: string | Uint8Array | undefined, callback: (() => void) | undefined): ServerResponse {
    const res = this.#res;
    const own = this.#ownFields();
    const reply = this.#open(own, (opened) => opened.complete(content));
    if (reply === undefined) return res;
    this.#release();
    this.#sayHead(reply, own);
    const { body, text } = reply;
    if (body !== undefined && !res.hasHeader("content-length")) {
      res.setHeader("content-length", body.byteLength);
    }
    this.#outerCall("writeHead", [reply.status]);
    // One byte per character: Node then writes head and content together.
    this.#outerCall("end", text === undefined ? [body, callback] : [text, "latin1", callback]);
    return res;
  }

  /** The content comes in parts: sends the head; answers whether there is one to send. */
  #flow(): boolean {
    this.#finishHead();
    const own = this.#ownFields();
    const head = this.#open(own, (opened) => opened.stream());
    if (head === undefined) return false;
    this.#sink = head.sink;
    if (head.sink === undefined) this.#release();
    else this.#leaveHead("content");
    this.#sayHead(head, own);
    this.#outerCall("writeHead", [head.status]);
    return true;
  }

  /** Lets those who stand in front of the tap add to the head before it is read, as Node would. */
  #finishHead(): void {
    const { writeHead } = this.#res;
    if (this.#isHeadWritten || writeHead === (this.#own.writeHead as unknown)) return;
    this.#res.writeHead(this.#res.statusCode);
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
    if (this.#isHeadWritten) Reflect.deleteProperty(this.#res, "headersSent");
  }

  /** Takes the tap off; where another one stands in front of it, it lets everything pass. */
  #release(): void {
    this.#leaveHead("over");
    const methods = this.#res as unknown as Methods;
    for (const name of TAPPED) {
      if (methods[name] !== this.#own[name]) continue;
      if (this.#wrapped.has(name)) methods[name] = this.#outer[name];
      else Reflect.deleteProperty(methods, name);
    }
  }

  #outerCall(name: keyof Methods, args: unknown[]): unknown {
    return Reflect.apply(this.#outer[name], this.#res, args);
  }
}

/** Whether the connection can still carry a whole response. */
function isAlive(res: ServerResponse): boolean {
  return !res.destroyed && !res.req.socket.destroyed;
}

/** Whether the handler chose a framing, which cannot be that of another message. */
function isFramed(res: ServerResponse): boolean {
  return res.hasHeader("transfer-encoding") || res.hasHeader("trailer");
}
