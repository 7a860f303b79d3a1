import { isBytes } from "./bytes.ts";

/** The result of one read of a body. */
type Read = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>["read"]>>;

/** What there was of a body without waiting. */
export interface ReadAhead {
  /** Copies of the parts that were there. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  /** The read that is under way; undefined: the body has ended, and `chunks` are all of it. */
  readonly next: Promise<Read> | undefined;
  /** Whether there was more than `maxBytes` of it. */
  readonly isTooLarge: boolean;
}

/** However small the parts are, other requests get their turn. */
const MOST_READS = 1024;

/**
 * Reads of a body what is at hand: until it ends, has to be waited for, or is larger than `maxBytes`.
 *
 * A text or bytes given to `new Response` are there at once, though they look like a stream. What needs more than a
 * turn of the event loop is one: its first byte is held back no longer than that.
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
      // A failed read is no news yet: it fails again for whoever sends the body on.
      const read = await Promise.race([next.catch(() => undefined), turn]);
      if (read === undefined) return { chunks, next, isTooLarge: false };
      if (read.done) return { chunks, next: undefined, isTooLarge: false };
      if (!isBytes(read.value)) return { chunks, next, isTooLarge: false };
      length += read.value.byteLength;
      if (length > maxBytes) return { chunks, next, isTooLarge: true };
      // Copied: a source may reuse its buffer once it is asked for more.
      chunks.push(new Uint8Array(read.value));
    }
    return { chunks, next: reader.read(), isTooLarge: false };
  } finally {
    clearTimeout(timer);
  }
}
