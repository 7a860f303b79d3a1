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
  /** The stream to give to the framework instead of the handler's. */
  readonly stream: Readable;
  readonly #source: Source;
  /** The parts that a hook has read early, and how many of their bytes the client has still to skip. */
  #early: Promise<Part>[] = [];
  #earlyBytes = 0;
  #next: () => Promise<Part> = () => this.#readEarly();
  #onDestroy: () => void = () => this.#source.stop();
  #sink: Sink | undefined;
  #pumped: Promise<undefined> = Promise.resolve(undefined);
  /** How many bytes were written into the cache, and not yet read from it by the client. */
  #unread = 0;
  #isPumped = false;
  #wake: (() => void) | undefined;
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
   *
   * The cache ends its content once the head is sent. While `isHeld` returns true, that waits for the end of this stream,
   * which then comes as soon as all parts are read.
   */
  share(
    sink: Sink,
    content: StreamedReply["content"],
    client: Pick<Client, "cut">,
    isHeld: () => boolean = () => false,
  ): void {
    this.#sink = sink;
    const pumped = (this.#pumped = this.#pump(sink));
    // A failure is reported to the sink, and by it to all who read from the cache.
    pumped.catch(() => undefined);
    if (content === undefined) {
      this.#next = () => pumped;
      this.#onDestroy = () => undefined;
    } else {
      this.#next = () => this.#readShared(content, client, isHeld);
      // Where all was read, its end is not that of its reader.
      this.#onDestroy = () => void (this.#hasEnded(isHeld) || content.return?.());
    }
  }

  /** The framework sends something else: what was written into the cache is not stored. */
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
    isHeld: () => boolean,
  ): Promise<Part> {
    for (;;) {
      // An error would end the response, and a handler may stop its stream for all then.
      if (content.isCut() && client.cut()) return this.#pumped;
      const value = await this.#nextShared(content, isHeld);
      if (this.#isDetached) return this.#pumped;
      if (value === undefined) return undefined;
      this.#unread -= value.byteLength;
      const skipped = Math.min(this.#earlyBytes, value.byteLength);
      this.#earlyBytes -= skipped;
      if (skipped < value.byteLength) return value.subarray(skipped);
    }
  }

  /** Returns the next part from the cache; undefined at the end. */
  #nextShared(content: NonNullable<StreamedReply["content"]>, isHeld: () => boolean): Promise<Part> {
    return new Promise((resolve, reject) => {
      this.#wake = () => void (this.#hasEnded(isHeld) && resolve(undefined));
      content.next().then(({ done, value }) => resolve(done === true ? undefined : value), reject);
      this.#wake();
    });
  }

  /** Whether the client has read all there is, though the cache does not end its content yet. */
  #hasEnded(isHeld: () => boolean): boolean {
    return this.#isPumped && this.#unread === 0 && isHeld();
  }

  /** Writes the source into the cache, and waits while nobody needs more. */
  async #pump(sink: Sink): Promise<undefined> {
    try {
      for (let part = await this.#nextPart(); part !== undefined; part = await this.#nextPart()) {
        this.#unread += part.byteLength;
        sink.write(part);
        await sink.room();
      }
    } catch (error) {
      sink.abandon("failed", error);
      this.#source.stop();
      throw error;
    }
    sink.end();
    this.#isPumped = true;
    this.#wake?.();
  }

  #nextPart(): Promise<Part> {
    return this.#early.shift() ?? this.#source.next();
  }
}
