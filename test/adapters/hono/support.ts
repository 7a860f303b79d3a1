import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import type { TestClock } from "../../../src/testing/index.ts";

/** A cache that reports nothing, with its clock and the errors that `onError` received. */
export interface HeldCache {
  readonly cache: Cache;
  readonly clock: TestClock;
  readonly errors: unknown[];
}

/** Makes a cache whose time stands still. */
export function heldCache(): HeldCache {
  const clock = testClock();
  const errors: unknown[] = [];
  const cache = createCache({ clock, reporter: false, onError: (error) => void errors.push(error) });
  return { cache, clock, errors };
}

/** What a test reads of a response. */
export interface Seen {
  readonly status: number;
  readonly cache: string | null;
  readonly text: string;
  readonly headers: Headers;
}

/** An application, as far as tests ask it. */
interface Asked {
  request(path: string, init?: RequestInit): Response | Promise<Response>;
}

/** Asks an application, and reads the response. */
export async function ask(app: Asked, path: string, init?: RequestInit): Promise<Seen> {
  const response = await app.request(path, init);
  const { status, headers } = response;
  return { status, headers, cache: headers.get("x-cache"), text: await response.text() };
}
