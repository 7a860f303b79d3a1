import type { Sink } from "../../adapter.ts";
import { isBytes } from "./bytes.ts";

/** The result of one read of a body. */
type Read = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>["read"]>>;

/** The part of a body that could be read without waiting. */
export interface ReadAhead {
  /** Copies of what was read. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  /** The read that is under way; undefined: the body has ended, and `chunks` are all of it. */
  readonly next: Promise<Read> | undefined;
  /** Whether there was more than `maxBytes`. */
  readonly isTooLarge: boolean;
}

/** How many small parts are read before other requests get a turn. */
const MOST_READS = 1024;

/**
 * Reads a handler's body until it ends, has to be waited for, or is larger than `maxBytes`.
 *
 * Text or bytes given to `new Response` look like a stream, but are there at once. A body that takes more than one turn
 * of the event loop is a real stream: its first byte is held back no longer than that.
 */
export async function readAhead(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<ReadAhead> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), 0);
  });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for (let reads = 0; reads < MOST_READS; reads++) {
      const next = reader.read();
      // A failed read counts as one under way: it fails again for the caller that awaits it.
      const read = await Promise.race([next.catch(() => undefined), turn]);
      if (read === undefined) return { chunks, next, isTooLarge: false };
      if (read.done) return { chunks, next: undefined, isTooLarge: false };
      if (!isBytes(read.value)) return { chunks, next, isTooLarge: false };
      length += read.value.byteLength;
      if (length > maxBytes) return { chunks, next, isTooLarge: true };
      // Copied: a source may reuse its buffer for the next part.
      chunks.push(new Uint8Array(read.value));
    }
    return { chunks, next: reader.read(), isTooLarge: false };
  } finally {
    clearTimeout(timer);
  }
}

/** How many parts of a fast source are written before other requests get a turn. */
const PARTS_IN_A_TURN = 256;

/** Writes a handler's body into a sink, at the pace of its readers. It never rejects: an error abandons the sink. */
export async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ahead: ReadAhead,
  sink: Sink,
): Promise<void> {
  let { next } = ahead;
  try {
    for (const chunk of ahead.chunks) sink.write(chunk);
    for (let parts = 1; ; parts++) {
      const room = sink.room();
      if (room !== undefined) await room;
      if (parts % PARTS_IN_A_TURN === 0) await laterTurn();
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (done) return sink.end();
      write(value, sink);
    }
  } catch (error) {
    sink.abandon("failed", error);
    stopReading(reader, error);
  }
}

/** Cancels a handler's body that nobody wants. */
export function stopReading(reader: ReadableStreamDefaultReader<Uint8Array>, reason?: unknown): void {
  // The run is abandoned already, so a failure to cancel concerns nobody.
  reader.cancel(reason).catch(() => undefined);
}

/** Returns a promise that is fulfilled in a later turn of the event loop. */
export function laterTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/** Some servers accept text in a stream too, and none anything else. */
function write(part: unknown, sink: Sink): void {
  if (!isBytes(part) && typeof part !== "string")
    throw new TypeError("the response's content is made neither of bytes nor of texts");
  sink.write(part);
}
