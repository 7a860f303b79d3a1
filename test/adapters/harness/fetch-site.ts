import { onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchHandler, FetchOptions } from "../../../src/adapters/fetch.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import { serve } from "../../../examples/fetch/serve.ts";

/** A cached fetch handler behind a real socket. */
export interface FetchSite {
  readonly cache: Cache;
  readonly client: Client;
}

/** Serves a handler behind a cache of its own until the test is over. */
export async function fetchSite(handler: FetchHandler, options: FetchOptions = {}): Promise<FetchSite> {
  const cache = quietCache();
  const { server, address } = await serve(cacheRoute(cache, options, handler), 0, () => undefined);
  const client = new Client(address, 10_000);
  onTestFinished(() => {
    client.close();
    server.close();
    server.closeAllConnections();
  });
  return { cache, client };
}

/** A cache whose time stands still and which reports nothing. */
export function quietCache(): Cache {
  return createCache({ clock: testClock(), reporter: false });
}

/** Something that a test waits for, or keeps others waiting for. */
export interface Signal {
  readonly given: Promise<void>;
  give(): void;
}

/** Makes a signal. */
export function signal(): Signal {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

/** The UTF-8 bytes of a text. */
export const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** A response whose body reads this generator, one part at a time when the client reads. */
export function streamed(parts: () => AsyncGenerator<Uint8Array>, onCancel?: () => void): Response {
  const iterator = parts();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => onCancel?.(),
    },
    { highWaterMark: 0 },
  );
  return new Response(body);
}
