import { beforeAll, afterAll } from "vitest";
// The script's own way of starting an example: as a user would.
import { startServer } from "../../scripts/lib/server.mjs";

/** A response with its content read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly cache: string | null;
}

/** Starts a compiled example before the tests of a file, and asks it over a real socket. */
export function example(name: string): (path: string, init?: RequestInit) => Promise<Answer> {
  let server: { readonly address: string; stop(): Promise<void> };
  beforeAll(async () => {
    server = await startServer(name);
  });
  afterAll(() => server.stop());
  return async (path, init) => {
    const response = await fetch(server.address + path, init);
    const body = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body,
      cache: response.headers.get("x-cache"),
    };
  };
}
