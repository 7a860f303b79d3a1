import { Readable, Writable, pipeline } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";

/** The kinds of stream that a handler may send. */
export type AnyStream = NodeJS.ReadableStream | WebStream;

/** How many bytes are read ahead. */
const AHEAD = 65_536;

/** Reads a handler's stream of either kind, part by part. Parts from before a failure are returned before its error. */
export class Source {
  readonly #stream: NodeJS.ReadableStream;
  readonly #inlet: Writable;
  readonly #parts: Uint8Array[] = [];
  #held = 0;
  #end: { readonly error?: Error } | undefined;
  #wake: (() => void) | undefined;
  #resume: (() => void) | undefined;

  constructor(stream: AnyStream) {
    this.#inlet = new Writable({
      // Node would throw for what is neither text nor bytes, where nobody catches it.
      objectMode: true,
      // One part at a time, so that each is copied at once: handlers reuse their buffers.
      highWaterMark: 1,
      write: (chunk: unknown, encoding, done) => {
        const part = copyOf(chunk, encoding);
        if (part === undefined)
          done(new TypeError("the stream that the handler sent has parts that are no bytes"));
        else this.#take(part, done);
      },
      final: (done) => {
        this.#finish({});
        done();
      },
      destroy: (error, done) => {
        this.#finish({
          error: error ?? new Error("the stream that the handler sent was closed before its end"),
        });
        done(error);
      },
    });
    // `next` rejects with it. Without a listener the error would end the process.
    this.#inlet.on("error", () => undefined);
    // At once, because a stream that its handler listens to flows already.
    this.#stream = "getReader" in stream ? Readable.fromWeb(stream) : stream;
    pipeline(this.#stream, this.#inlet, () => undefined);
  }

  /** Returns the next part, or undefined at a clean end. Rejects if the stream ends prematurely. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        this.#held -= part.byteLength;
        if (this.#held < AHEAD) this.#resumeStream();
        return part;
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Stops reading, and destroys the handler's stream. */
  stop(): void {
    // First and without an error, as frameworks do. Otherwise the inlet's end would reach the handler's stream as a failure.
    if ("destroy" in this.#stream && typeof this.#stream.destroy === "function") this.#stream.destroy();
    this.#inlet.destroy();
  }

  #take(part: Uint8Array, done: () => void): void {
    this.#parts.push(part);
    this.#held += part.byteLength;
    this.#resume = done;
    if (this.#held < AHEAD) this.#resumeStream();
    this.#wake?.();
  }

  #resumeStream(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  #finish(end: { readonly error?: Error }): void {
    this.#end ??= end;
    this.#wake?.();
  }
}

/** Copies the bytes of a part; undefined where it has none. */
function copyOf(chunk: unknown, encoding: BufferEncoding): Uint8Array | undefined {
  if (typeof chunk === "string") return new Uint8Array(Buffer.from(chunk, encoding));
  return ArrayBuffer.isView(chunk)
    ? new Uint8Array(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    : undefined;
}
