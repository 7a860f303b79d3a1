import type { Sink } from "../../adapter.ts";
import { isBytes } from "./bytes.ts";
import type { ReadAhead } from "./read-ahead.ts";
import { laterTurn } from "./turn.ts";

/** However fast a source is, other requests get their turn. */
const PARTS_IN_A_TURN = 256;

/** Puts a body into a sink, as fast as somebody wants it. It never rejects: what goes wrong breaks those who read. */
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

/** Stops a source whose content nobody wants. */
export function stopReading(reader: ReadableStreamDefaultReader<Uint8Array>, reason?: unknown): void {
  // What it made is given up already: a source that cannot be stopped is nobody's concern any more.
  reader.cancel(reason).catch(() => undefined);
}

/** Some servers send texts in a stream too; what is neither they refuse. */
function write(part: unknown, sink: Sink): void {
  if (!isBytes(part) && typeof part !== "string")
    throw new TypeError("the response's content is made neither of bytes nor of texts");
  sink.write(part);
}
