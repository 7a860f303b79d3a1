import { Readable } from "node:stream";
import type { Sink, StreamedReply } from "../../adapter.ts";
import { Source } from "./source.ts";
import type { AnyStream } from "./source.ts";

type Part = Uint8Array | undefined;

/**
 * A handler's stream on its way to the client, which is not decided yet when the handler sends it.
 *
 * If the response may be stored, the stream flows into the cache at its own pace, and the client reads from there at
 * the client's. Otherwise the client reads the handler's stream. A hook that changes content may read before it is
 * decided: what it got, the cache gets as well.
 */
export class HandlerStream {
  /** What is handed on in the place of the handler's stream. */
  readonly stream: Readable;
  readonly #source: Source;
  #early: Promise<Part>[] = [];
  /** How many bytes of the content were read early. */
  #given = 0;
  #next: () => Promise<Part> = () => this.#readEarly();
  #leave: () => void = () => this.#source.stop();
  #sink: Sink | undefined;
  #pumped: Promise<undefined> = Promise.resolve(undefined);
  #hasDeparted = false;
  #isStopped = false;

  constructor(stream: AnyStream) {
    this.#source = new Source(stream);
    this.stream = new Readable({
      read: () => void this.#read(),
      destroy: (error, done) => {
        this.#leave();
        done(error);
      },
    });
  }

  /** It goes past the cache. */
  pass(): void {
    this.#early = [];
    this.#next = () => this.#source.next();
  }

  /** It goes into the cache; the run's own client, where it has one, reads `content` from there. */
  share(sink: Sink, content: StreamedReply["content"]): void {
    this.#sink = sink;
    const pumped = (this.#pumped = this.#pump(sink));
    // The sink is told of a failure, and so is everyone who reads what goes into it.
    pumped.catch(() => undefined);
    if (content === undefined) {
      this.#next = () => pumped;
      this.#leave = () => undefined;
    } else {
      this.#next = () => this.#readShared(content);
      this.#leave = () => void content.return?.();
    }
  }

  /** What went into the cache must not stay there: something else is sent. */
  disown(): void {
    this.#sink?.abandon("failed");
    this.#source.stop();
  }

  /** Nobody wants the rest of it: who reads on sees its end. */
  stop(): void {
    this.#isStopped = true;
    this.#source.stop();
    // Without its client it is told in another way.
    if (!this.stream.destroyed && !this.#hasDeparted) this.stream.push(null);
  }

  /** Its client goes; answers whether it goes on for others. Then it is read to its end, and nothing more is given. */
  depart(): boolean {
    if (this.#sink === undefined) return false;
    this.#hasDeparted = true;
    this.#leave();
    return this.#sink.leave();
  }

  /** Its client is gone. */
  leave(): void {
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
    this.#given += bytes?.byteLength ?? 0;
    return bytes;
  }

  async #readShared(content: AsyncIterator<Uint8Array>): Promise<Part> {
    for (;;) {
      const { done, value } = await content.next();
      if (this.#hasDeparted) return this.#pumped;
      if (done === true) return undefined;
      const given = Math.min(this.#given, value.byteLength);
      this.#given -= given;
      if (given < value.byteLength) return value.subarray(given);
    }
  }

  /** Writes the source into the cache, and waits while nobody needs more of it. */
  async #pump(sink: Sink): Promise<undefined> {
    try {
      for (let part = await this.#nextOfAll(); part !== undefined; part = await this.#nextOfAll()) {
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

  #nextOfAll(): Promise<Part> {
    return this.#early.shift() ?? this.#source.next();
  }
}
