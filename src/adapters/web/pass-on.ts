import type { Sink } from "../../adapter.ts";
import { isBytes } from "./bytes.ts";
import type { ReadAhead } from "./read-ahead.ts";

/**
 * Sends a body on as it comes, and copies of its parts to the sink?.
 *
 * Nothing is read before the consumer asks for it. An error of the source breaks the stream, so that the connection
 * breaks too; a consumer that goes away stops the source. `onOver` is called once the body has ended in any way.
 */
export function passOn(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ahead: ReadAhead,
  sink: Sink | undefined,
  onOver: () => void,
): ReadableStream<Uint8Array> {
  const waiting: Uint8Array[] = [...ahead.chunks];
  for (const chunk of waiting) sink?.write(chunk);
  let { next } = ahead;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = waiting.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        try {
          const { done, value } = await (next ?? reader.read());
          next = undefined;
          if (!done) {
            copy(value, sink);
            return controller.enqueue(value);
          }
        } catch (error) {
          sink?.abandon("failed");
          onOver();
          throw error;
        }
        // Stored before the client sees the end: whoever asks after it finds the entry.
        sink?.end();
        onOver();
        controller.close();
      },
      async cancel(reason) {
        sink?.abandon("aborted");
        onOver();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Some servers send texts in a stream too; what is neither is for the server to refuse, and not stored. */
function copy(part: unknown, sink: Sink | undefined): void {
  if (isBytes(part) || typeof part === "string") sink?.write(part);
  else sink?.abandon("failed");
}
