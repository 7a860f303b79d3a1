import type { ClientSignal } from "./client-signal.ts";
import type { ReadAhead } from "./handler-body.ts";

/**
 * Creates a body from content that others are sent too. It is read at the pace of its client.
 *
 * An error of the content errors the body, so that the connection is closed prematurely. If the client disconnects, the
 * content is released, and `onLeave` is called.
 */
export function sharedBody(
  content: AsyncIterator<Uint8Array>,
  client: ClientSignal,
  onLeave?: () => void,
): ReadableStream<Uint8Array> {
  let isOver = false;
  const leave = (): void => {
    isOver = true;
    client.forget();
    onLeave?.();
    void content.return?.();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        client.onGone((reason) => {
          leave();
          controller.error(reason);
        });
      },
      async pull(controller) {
        const { done, value } = await content.next().catch((error: unknown) => {
          client.forget();
          throw error;
        });
        if (isOver) return;
        // A copy: a consumer that transfers or changes it must not reach the bytes of other clients, or of the store.
        if (done !== true) return controller.enqueue(new Uint8Array(value));
        isOver = true;
        client.forget();
        controller.close();
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

/**
 * Creates a body from the rest of a handler's body that nobody else is sent.
 *
 * Nothing is read before the client reads. An error of the handler's body errors this one, so that the connection is
 * closed prematurely; a client that disconnects cancels it. `onOver` is called once the body has ended in any way.
 */
export function unsharedBody(
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

/** Creates a body that fails: its client has gone, and no other reader may take it for a whole one. */
export function brokenBody(reason: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.error(reason) });
}
