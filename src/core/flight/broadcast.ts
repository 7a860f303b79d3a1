import type { Reading } from "../contract/decisions.ts";
import { CacheError } from "../contract/errors.ts";
import type { Clock } from "../contract/platform.ts";

/** How a content ended: cleanly, or broken off by an error. */
type End = { readonly isClean: true } | { readonly isClean: false; readonly error: unknown };

/**
 * One response's content on its way to many: what has come is replayed to whoever arrives, what comes is passed on.
 *
 * Readers hold nobody back. As long as the flow keeps everything, it holds the content once, however many read it. From
 * `slide` on it holds no more than the limit, or than a source writes in one go: a reader that is further behind is cut
 * off with an error, except an awaited one, for whom `room` makes the source wait until `awaitNobody`.
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
  /** Whether those who read have had time for what is too much by now. */
  #isDue = false;
  #stopWaiting: (() => void) | undefined;
  #onRoom: (() => void)[] = [];

  /**
   * `budget` is what may be kept whole, in bytes. The limit is twice that: at the moment at which a content outgrows its
   * budget, those who read as fast as it comes may be as far behind, because a source need not wait for them until then.
   */
  constructor(budget: number, clock: Clock) {
    this.#limit = 2 * budget;
    this.#clock = clock;
  }

  /** How many read at the moment. */
  get readers(): number {
    return this.#readers.size;
  }

  /** The parts that are held, in order. */
  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** Adds a part, which is held as it is. */
  write(part: Uint8Array): void {
    if (this.#end !== undefined || part.byteLength === 0) return;
    this.#parts.push(part);
    this.#held += part.byteLength;
    this.#letGo(false);
    this.#wake();
    this.#cut();
  }

  /** The content has ended cleanly. */
  end(): void {
    this.#finish({ isClean: true });
  }

  /** The content has broken off: each reader is told so, after what has come. */
  fail(error: unknown): void {
    this.#finish({ isClean: false, error });
  }

  /** From now on keeps what readers have still to read, and of that no more than the limit. */
  slide(): void {
    this.#keepsAll = false;
    this.#letGo(false);
  }

  /** Undefined while more may come at once; else a promise of the moment from which it may. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined;
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** The source waits for no particular reader any more: those that were awaited are cut off as others are. */
  awaitNobody(): void {
    for (const reader of this.#readers) reader.isAwaited = false;
    this.#giveRoom();
  }

  /**
   * Reads from the first part on. `onLeave` is called once, when the reader goes: at the end of the content or before.
   * For an awaited reader the source waits where the flow may not keep everything.
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

  /** The next part for a reader, how the content has ended for it, or undefined where it has to wait. */
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
    this.#stopWaiting?.();
    this.#wake();
    this.#giveRoom();
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake();
  }

  /**
   * Cuts off those who are too far behind when more comes: not at once, because they have had no turn to read what a
   * source writes in one go, and not while nothing comes, because what is held does not grow then.
   */
  #cut(): void {
    if (this.#keepsAll || this.#held <= this.#limit) {
      this.#isDue = false;
    } else if (this.#isDue) {
      this.#isDue = false;
      this.#letGo(true);
    } else
      this.#stopWaiting ??= this.#clock.schedule(() => {
        this.#stopWaiting = undefined;
        this.#isDue = true;
      }, 0);
  }

  /** A reader has gone on from the part of this number: where that was the oldest, perhaps nobody has still to read it. */
  #moved(from: number): void {
    if (from === this.#first) this.#letGo(false);
  }

  /** Lets go of what all have read and, if it cuts readers off, of what is too much. */
  #letGo(isCutting: boolean): void {
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
      // The newest part stays, however large it is: those who keep up have had no turn to read it.
      const isTooMuch =
        isCutting && this.#held > this.#limit && this.#parts.length > 1 && this.#first < awaited;
      if (oldest === undefined || !(this.#first < slowest || isTooMuch)) return;
      this.#parts.shift();
      this.#held -= oldest.byteLength;
      this.#first++;
    }
  }

  /** There is room while all is kept; later once the awaited reader, or whoever is the fastest, has read everything. */
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

/** One reader's place in a flow. */
class Reader implements Reading {
  /** The number of the part that it reads next. */
  at = 0;
  isAwaited: boolean;
  isCut: () => boolean = () => false;
  readonly #flow: { next(): Uint8Array | End | undefined; leave(): void };
  #hasLeft = false;
  #wake: (() => void) | undefined;

  constructor(isAwaited: boolean, flow: { next(): Uint8Array | End | undefined; leave(): void }) {
    this.isAwaited = isAwaited;
    this.#flow = flow;
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    while (!this.#hasLeft) {
      const next = this.#flow.next();
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
    this.#flow.leave();
  }
}

function cutOff(): CacheError {
  return new CacheError(
    "ERR_CACHE_READER_CUT",
    "a client read more slowly than a response comes that is too large to keep for it",
  );
}
