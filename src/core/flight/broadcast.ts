import type { Reading } from "../contract/decisions.ts";
import { CacheError } from "../contract/errors.ts";
import type { Clock } from "../contract/platform.ts";

/** How content ended: cleanly, or with an error. */
type End = { readonly isClean: true } | { readonly isClean: false; readonly error: unknown };

/**
 * Sends one response's content to many readers. Each gets the parts that have come already, then the others as they come.
 *
 * The content is held once, however many read it. At first all of it is kept. From `slide` on, at most the limit is held,
 * or what the source writes in one turn. A reader that is further behind is cut off with an error. Only for an awaited
 * reader does `room` make the source wait, until `awaitNobody`.
 */
export class Broadcast {
  readonly #limit: number;
  readonly #readers = new Set<Reader>();
  #parts: Uint8Array[] = [];
  /** The number of the first part that is still held. */
  #first = 0;
  #held = 0;
  #keepsAll = true;
  #end: End | undefined;
  readonly #clock: Clock;
  /** When readers are cut off: not now (`off`), at the next part (`due`), or at the first part after a timer of one turn. */
  #cutting: "off" | "due" | { readonly cancel: () => void } = "off";
  #onRoom: (() => void)[] = [];

  /**
   * `budget` is the most content that may be kept whole, in bytes. The limit is twice that. The source waits for nobody
   * before its content exceeds the budget, so even readers as fast as the source may be that far behind then.
   */
  constructor(budget: number, clock: Clock) {
    this.#limit = 2 * budget;
    this.#clock = clock;
  }

  /** The number of readers at the moment. */
  get readers(): number {
    return this.#readers.size;
  }

  /** The parts that are still held, in order. */
  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** Adds a part, without copying it. */
  write(part: Uint8Array): void {
    if (this.#end !== undefined || part.byteLength === 0) return;
    this.#parts.push(part);
    this.#held += part.byteLength;
    this.#drop(false);
    this.#wake();
    this.#cut();
  }

  /** Ends the content cleanly. */
  end(): void {
    this.#finish({ isClean: true });
  }

  /** Ends the content with an error, which each reader gets after the last part. */
  fail(error: unknown): void {
    this.#finish({ isClean: false, error });
  }

  /** From now on, keeps only what readers have still to read, and at most the limit. */
  slide(): void {
    this.#keepsAll = false;
    this.#drop(false);
  }

  /** Returns undefined if more may be written at once, else a promise that resolves once it may. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined;
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** Makes every awaited reader one that is cut off like the others. */
  awaitNobody(): void {
    for (const reader of this.#readers) reader.isAwaited = false;
    this.#giveRoom();
  }

  /**
   * Adds a reader, which begins with the first part. `onLeave` is called once, when the reader leaves: at the end of the
   * content or before. `isAwaited`: the source waits for it if not everything is kept.
   */
  read(onLeave: () => void, isAwaited = false): Reading {
    const reader = new Reader(isAwaited, {
      next: () => this.#next(reader),
      leave: () => {
        if (!this.#readers.delete(reader)) return;
        this.#moved(reader.at);
        this.#giveRoom();
        onLeave();
      },
    });
    reader.isCut = () => reader.at < this.#first;
    this.#readers.add(reader);
    return reader;
  }

  /** Returns the next part for a reader, how the content ended for it, or undefined if it has to wait. */
  #next(reader: Reader): Uint8Array | End | undefined {
    if (reader.isCut()) return { isClean: false, error: cutOff() };
    const part = this.#parts[reader.at - this.#first];
    if (part === undefined) {
      if (this.#end === undefined) this.#giveRoom();
      return this.#end;
    }
    this.#moved(reader.at++);
    this.#giveRoom();
    return part;
  }

  #finish(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (typeof this.#cutting === "object") this.#cutting.cancel();
    this.#wake();
    this.#giveRoom();
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake();
  }

  /**
   * Cuts off readers that are too far behind. Not at once, because they have had no turn to read what the source has just
   * written, and not before another part comes, because until then no more is held.
   */
  #cut(): void {
    const isTooMuch = !this.#keepsAll && this.#held > this.#limit;
    if (this.#cutting === "due") {
      this.#cutting = "off";
      if (isTooMuch) this.#drop(true);
    } else if (isTooMuch && this.#cutting === "off")
      this.#cutting = { cancel: this.#clock.schedule(() => (this.#cutting = "due"), 0) };
  }

  /** A reader has moved past part `from`: drops the oldest parts if it was one of them. */
  #moved(from: number): void {
    if (from === this.#first) this.#drop(false);
  }

  /** Drops the parts that all have read and, with `isCutting`, those beyond the limit. */
  #drop(isCutting: boolean): void {
    if (this.#keepsAll || this.#parts.length === 0) return;
    const edge = this.#first + this.#parts.length;
    let slowest = edge;
    let awaited = edge;
    for (const { at, isAwaited } of this.#readers) {
      slowest = Math.min(slowest, at);
      if (isAwaited) awaited = Math.min(awaited, at);
    }
    for (;;) {
      const [oldest] = this.#parts;
      // The newest part stays, however large: readers that keep up have had no turn to read it.
      const isTooMuch =
        isCutting && this.#held > this.#limit && this.#parts.length > 1 && this.#first < awaited;
      if (oldest === undefined || !(this.#first < slowest || isTooMuch)) return;
      this.#parts.shift();
      this.#held -= oldest.byteLength;
      this.#first++;
    }
  }

  /**
   * There is room while all is kept. Later, there is once an awaited reader, or without one the fastest, has read
   * everything.
   */
  #hasRoom(): boolean {
    if (this.#keepsAll || this.#end !== undefined || this.#readers.size === 0) return true;
    const edge = this.#first + this.#parts.length;
    const readers = [...this.#readers];
    const awaited = readers.filter(({ isAwaited }) => isAwaited);
    return (awaited.length > 0 ? awaited : readers).some(({ at }) => at >= edge);
  }

  #giveRoom(): void {
    if (this.#onRoom.length === 0 || !this.#hasRoom()) return;
    const waiting = this.#onRoom;
    this.#onRoom = [];
    for (const resolve of waiting) resolve();
  }
}

/** What a reader needs of its broadcast. */
interface Place {
  next(): Uint8Array | End | undefined;
  leave(): void;
}

/** One reader of the content. */
class Reader implements Reading {
  /** The number of the part to read next. */
  at = 0;
  isAwaited: boolean;
  isCut: () => boolean = () => false;
  readonly #place: Place;
  #hasLeft = false;
  #wake: (() => void) | undefined;

  constructor(isAwaited: boolean, place: Place) {
    this.isAwaited = isAwaited;
    this.#place = place;
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    while (!this.#hasLeft) {
      const next = this.#place.next();
      if (next === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      if (!("isClean" in next)) return { done: false, value: next };
      this.#leave();
      if (!next.isClean) throw next.error;
    }
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#leave();
    this.wake();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #leave(): void {
    this.#hasLeft = true;
    this.#place.leave();
  }
}

function cutOff(): CacheError {
  return new CacheError(
    "ERR_CACHE_READER_CUT",
    "client disconnected: it fell too far behind a response too large to buffer",
  );
}
