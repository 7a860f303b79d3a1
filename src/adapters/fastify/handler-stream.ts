import { Readable } from "node:stream";
import type { Sink, StreamedReply } from "../../adapter.ts";
import type { Client } from "./client.ts";
import { Source } from "./source.ts";
import type { AnyStream } from "./source.ts";

type Part = Uint8Array | undefined;

/**
 * A stream that a handler has sent.
 *
 * If the response may be stored, the cache reads the handler's stream, and the client reads from the cache at its own pace.
 * Otherwise the client reads the handler's stream. A hook that changes content may read before that is decided; then the
 * cache gets what the hook has read.
 */
export class HandlerStream {
  /** The stream to give to Fastify instead of the handler's. */
  readonly stream: Readable;
  readonly #source: Source;
  /** The parts that a hook has read early, and how many of their bytes the client has still to skip. */
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

  /** Sends it to the client only. */
  pass(): void {
    this.#early = [];
    this.#next = () => this.#source.next();
  }

  /**
   * Writes it into the cache. The run's own client reads `content` from there, and is disconnected if it is too slow for
   * those who follow. Undefined: there is no client.
   */
  share(sink: Sink, content: StreamedReply["content"], client: Pick<Client, "cut">): void {
    this.#sink = sink;
    const pumped = (this.#pumped = this.#pump(sink));
    // A failure is reported to the sink, and by it to all who read from the cache.
    pumped.catch(() => undefined);
    if (content === undefined) {
      this.#next = () => pumped;
      this.#onDestroy = () => undefined;
    } else {
      this.#next = () => this.#readShared(content, client);
      this.#onDestroy = () => void content.return?.();
    }
  }

  /** Fastify sends something else: what was written into the cache is not stored. */
  disown(): void {
    this.#sink?.abandon("failed");
    this.#source.stop();
  }

  /** Nobody wants the rest: ends the stream for its reader. */
  stop(): void {
    this.#isStopped = true;
    this.#source.stop();
    // Without a client, the handler is told that it has disconnected instead.
    if (!this.stream.destroyed && !this.#isDetached) this.stream.push(null);
  }

  /**
   * The client disconnects. Returns whether the stream goes on for others. Then it is read to its end, and no more is
   * sent.
   */
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

  async #readShared(
    content: NonNullable<StreamedReply["content"]>,
    client: Pick<Client, "cut">,
  ): Promise<Part> {
    for (;;) {
      // An error would end the response, and a handler may stop its stream for all then.
      if (content.isCut() && client.cut()) return this.#pumped;
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
