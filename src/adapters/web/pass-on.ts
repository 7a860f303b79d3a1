import type { ReadAhead } from "./read-ahead.ts";

/**
 * Sends a body on as it comes, that nobody else is sent.
 *
 * Nothing is read before the consumer asks for it. An error of the source breaks the stream, so that the connection
 * breaks too; a consumer that goes away stops the source. `onOver` is called once the body has ended in any way.
 */
export function passOn(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ahead: ReadAhead,
  onOver: () => void,
): ReadableStream<Uint8Array> {
  const waiting: Uint8Array[] = [...ahead.chunks];
  let { next } = ahead;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = waiting.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        try {
          const { done, value } = await (next ?? reader.read());
          next = undefined;
          if (!done) return controller.enqueue(value);
        } catch (error) {
          onOver();
          throw error;
        }
        onOver();
        controller.close();
      },
      async cancel(reason) {
        onOver();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
