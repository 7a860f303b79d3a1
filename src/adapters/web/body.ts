import type { Client } from "./client.ts";

/**
 * Makes a body of content that is on its way: it is read as its client reads.
 *
 * An error of the content breaks the body, so that the connection breaks too. A client that goes away leaves the
 * content, and `onLeave` is told.
 */
export function bodyOf(
  content: AsyncIterator<Uint8Array>,
  client: Client,
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
        client.whenGone((reason) => {
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
        // A copy: whoever transfers or changes what it is sent must not reach what others are sent, and what is stored.
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

/** A body for nobody: whoever should come to read it does not take it for a whole one. */
export function brokenBody(reason: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.error(reason) });
}
