import { Readable } from "node:stream";
import type { Sink, StreamedReply } from "../../adapter.ts";
import { Source } from "./source.ts";
import type { AnyStream } from "./source.ts";

type Part = Uint8Array | undefined;

/**
 * A stream that a handler has sent, before and after it is decided where it flows.
 *
 * If the response may be stored, the cache reads the handler's stream at the stream's own pace, and the client reads from
 * the cache at the client's. Otherwise the client reads the handler's stream. A hook that changes content may read before
 * that is decided: the cache is given what the hook has read.
 */
export class HandlerStream {
  /** What Fastify is given in the place of the handler's stream. */
  readonly stream: Readable;
  readonly #source: Source;
  /** The parts read before it is decided where the stream flows, and how many of their bytes the client has not skipped. */
  #early: Promise<Part>[] = [];
  #earlyBytes = 0;
  #next: () => Promise<Part> = () => this.#readEarly();
  #onDestroy: () => void = () => this.#source.stop();
  #sink: Sink | undefined;
  #pumped: Promise<undefined> = Promise.resolve(undefined);
  #isDetached = false;
  #isStopped = false;

  constructor(stream: AnyStream) {
    this.#source = new Source(stream);
    this.stream = new Readable({
      read: () => void this.#read(),
      destroy: (error, done) => {
        this.#onDestroy();
        done(error);
      },
    });
  }

  /** It flows past the cache. */
  pass(): void {
    this.#early = [];
    this.#next = () => this.#source.next();
  }

  /** It flows into the cache; the run's own client, where it has one, reads `content` from there. */
  share(sink: Sink, content: StreamedReply["content"]): void {
    this.#sink = sink;
    const pumped = (this.#pumped = this.#pump(sink));
    // A failure is reported to the sink, and by it to all who read from the cache.
    pumped.catch(() => undefined);
    if (content === undefined) {
      this.#next = () => pumped;
      this.#onDestroy = () => undefined;
    } else {
      this.#next = () => this.#readShared(content);
      this.#onDestroy = () => void content.return?.();
    }
  }

  /** Something else is sent: what flowed into the cache is not stored. */
  disown(): void {
    this.#sink?.abandon("failed");
    this.#source.stop();
  }

  /** Nobody wants the rest: a reader sees the end. */
  stop(): void {
    this.#isStopped = true;
    this.#source.stop();
    // Without a client, the handler is told that it has disconnected instead.
    if (!this.stream.destroyed && !this.#isDetached) this.stream.push(null);
  }

  /** The client disconnects; returns whether it flows on for others. Then it is read to its end, and no more is sent. */
  detach(): boolean {
    if (this.#sink === undefined) return false;
    this.#isDetached = true;
    this.#onDestroy();
    return this.#sink.leave();
  }

  /** The client is gone. */
  destroy(): void {
    this.stream.destroy();
  }

  async #read(): Promise<void> {
    try {
      const part = await this.#next();
      if (!this.#isStopped) this.stream.push(part ?? null);
    } catch (error) {
      if (!this.#isStopped) this.stream.destroy(error as Error);
    }
  }

  async #readEarly(): Promise<Part> {
    const part = this.#source.next();
    this.#early.push(part);
    const bytes = await part;
    this.#earlyBytes += bytes?.byteLength ?? 0;
    return bytes;
  }

  async #readShared(content: AsyncIterator<Uint8Array>): Promise<Part> {
    for (;;) {
      const { done, value } = await content.next();
      if (this.#isDetached) return this.#pumped;
      if (done === true) return undefined;
      const skipped = Math.min(this.#earlyBytes, value.byteLength);
      this.#earlyBytes -= skipped;
      if (skipped < value.byteLength) return value.subarray(skipped);
    }
  }

  /** Writes the source into the cache, and waits while nobody needs more. */
  async #pump(sink: Sink): Promise<undefined> {
    try {
      for (let part = await this.#nextPart(); part !== undefined; part = await this.#nextPart()) {
        sink.write(part);
        await sink.room();
      }
    } catch (error) {
      sink.abandon("failed", error);
      this.#source.stop();
      throw error;
    }
    sink.end();
  }

  #nextPart(): Promise<Part> {
    return this.#early.shift() ?? this.#source.next();
  }
}
