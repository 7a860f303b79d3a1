import { Readable, Writable, pipeline } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";

/** The kinds of stream that a handler may send. */
export type AnyStream = NodeJS.ReadableStream | WebStream;

/** How much is read ahead of whoever reads, in bytes. */
const AHEAD = 65_536;

/** A handler's stream, read part by part, whatever its kind. What came before it broke off is read before the error. */
export class Source {
  readonly #stream: NodeJS.ReadableStream;
  readonly #inlet: Writable;
  readonly #parts: Uint8Array[] = [];
  #held = 0;
  #end: { readonly error?: Error } | undefined;
  #wake: (() => void) | undefined;
  #goOn: (() => void) | undefined;

  constructor(stream: AnyStream) {
    this.#inlet = new Writable({
      // One part at a time: none waits here that is not copied, because handlers use their buffers again.
      highWaterMark: 1,
      write: (chunk: Uint8Array, _encoding, done) => this.#take(new Uint8Array(chunk), done),
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
    // Who reads is told, perhaps later; an error that nobody listens for would end the process.
    this.#inlet.on("error", () => undefined);
    // Connected at once: a handler that listens to its own stream has set it flowing.
    this.#stream = "getReader" in stream ? Readable.fromWeb(stream) : stream;
    pipeline(this.#stream, this.#inlet, () => undefined);
  }

  /** Answers the next part, and undefined at the clean end. Rejects where the stream breaks off. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        this.#held -= part.byteLength;
        if (this.#held < AHEAD) this.#letGoOn();
        return part;
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Nobody wants the rest of it. */
  stop(): void {
    // First, and without an error, as Fastify does: the inlet's end would come to the handler's stream as a failure.
    if ("destroy" in this.#stream && typeof this.#stream.destroy === "function") this.#stream.destroy();
    this.#inlet.destroy();
  }

  #take(part: Uint8Array, done: () => void): void {
    this.#parts.push(part);
    this.#held += part.byteLength;
    this.#goOn = done;
    if (this.#held < AHEAD) this.#letGoOn();
    this.#wake?.();
  }

  #letGoOn(): void {
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  #finish(end: { readonly error?: Error }): void {
    this.#end ??= end;
    this.#wake?.();
  }
}
