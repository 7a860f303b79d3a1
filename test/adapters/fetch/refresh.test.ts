import { describe, expect, it, vi } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchHandler, FetchOptions } from "../../../src/adapters/fetch.ts";
import { WebRequest } from "../../../src/adapters/web/record.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import type { TestClock } from "../../../src/testing/index.ts";
import { bytes, signal, streamed } from "../harness/fetch-site.ts";

const OPTIONS = { ttl: 10, staleWhileRevalidate: 60 };
const ask = (init: RequestInit = {}): Request => new Request("http://a.test/", init);

describe("a refresh of the fetch adapter", () => {
  it("is given the runtime's arguments, and is waited for by a runtime that can", async () => {
    const { cache, clock } = cacheAndClock();
    const waitedFor: Promise<unknown>[] = [];
    const context = { waitUntil: (promise: Promise<unknown>) => void waitedFor.push(promise) };
    const seen: unknown[] = [];
    const handler = cacheRoute(cache, OPTIONS, (_: Request, env: string, ctx: typeof context) => {
      seen.push([env, ctx]);
      return new Response(`run ${seen.length}`);
    });
    await handler(ask(), "env", context);
    clock.advance(10);

    const stale = await handler(ask(), "env", context);
    await Promise.all(waitedFor);

    expect([await stale.text(), waitedFor.length, cache.stats().stored]).toEqual(["run 1", 1, 2]);
    expect(seen).toEqual([
      ["env", context],
      ["env", context],
    ]);
  });

  it("begins in a later turn than the stale response, by a GET of the same URL with the same fields", async () => {
    const { route, refreshed, seen } = site((_, run) => new Response(`run ${run}`));
    const headers = { "x-own": "1", "content-length": "0" };
    const stale = await route(Object.assign(ask({ method: "HEAD", headers }), { params: { id: "1" } }));
    const ranBefore = seen.length;
    await refreshed(2);

    expect([stale.headers.get("x-cache"), ranBefore]).toEqual(["HIT", 1]);
    expect([seen[1]!.method, seen[1]!.url]).toEqual(["GET", "http://a.test/"]);
    expect([...seen[1]!.headers]).toEqual([["x-own", "1"]]);
    expect(seen[1]).toHaveProperty("params", { id: "1" });
  });

  it("is not stopped by the disconnect of its client", async () => {
    const goesOn = signal();
    const client = new AbortController();
    const { route, refreshed, seen, text } = site(async (_, run) => {
      if (run === 2) await goesOn.given;
      return new Response(`run ${run}`);
    });
    await route(ask({ signal: client.signal }));
    await vi.waitFor(() => expect(seen).toHaveLength(2));

    client.abort();
    goesOn.give();
    await refreshed(2);

    expect(seen[1]!.signal.aborted).toBe(false);
    expect(await text()).toBe("run 2");
  });

  it("has the content of the request that it is for", async () => {
    const post = (): Request => ask({ method: "POST", body: "content" });
    const { route, refreshed } = site(
      async (request, run) => new Response(`${await request.text()} ${run}`),
      { methods: ["POST"] },
      post(),
    );
    const stale = await route(post());
    await refreshed(2);

    expect(await stale.text()).toBe("content 1");
    expect(await (await route(post())).text()).toBe("content 2");
  });

  it("is impossible if the cache did not read the client's content, and nothing stale is served", async () => {
    const post = (): Request => ask({ method: "POST", body: "content" });
    const { route } = site(
      (_, run) => new Response(`run ${run}`),
      { methods: ["POST"], key: () => "one" },
      post(),
    );

    expect(await (await route(post())).text()).toBe("run 2");
  });

  it("that a guard refuses does not run the handler, and keeps the entry", async () => {
    let guarded = 0;
    const before: FetchOptions["before"] = [
      async () => (++guarded === 3 ? new Response("no", { status: 403 }) : undefined),
    ];
    const { route, cache, seen, text } = site((_, run) => new Response(`run ${run}`), { before });
    await route(ask());
    await vi.waitFor(() => expect(cache.stats().refusals.failed).toBe(1));

    expect([await text(), seen.length]).toEqual(["run 1", 1]);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["throws", () => raise("the refresh failed")],
    ["answers no response", () => undefined as unknown as Response],
    ["answers a response that is read already", () => spent()],
    ["breaks off", () => streamed(broken)],
  ])("that %s throws nowhere, and keeps the entry", async (_, failing) => {
    const { route, cache, text } = site((_request, run) =>
      run === 2 ? failing() : new Response(`run ${run}`),
    );
    await route(ask());
    await vi.waitFor(() => expect(cache.stats().refusals.failed).toBe(1));

    expect(await text()).toBe("run 1");
  });

  it("is stopped if it streams a response that may not be stored", async () => {
    const cancelled = signal();
    const { route, seen } = site((_, run) =>
      run === 1
        ? new Response("run 1")
        : new Response(streamed(() => endless(), cancelled.give).body, {
            headers: { "cache-control": "no-store" },
          }),
    );
    await route(ask());
    await cancelled.given;

    expect(seen[1]!.signal.aborted).toBe(true);
  });

  it("is stopped if it streams more than may be stored", async () => {
    const cancelled = signal();
    const { route, cache } = site(
      (_, run) => (run === 1 ? new Response("1") : streamed(() => endless(), cancelled.give)),
      { maxBodyBytes: 5 },
    );
    await route(ask());
    await cancelled.given;

    expect(cache.stats()).toMatchObject({ stored: 1, refusals: { "too-large": 1 } });
  });

  it("costs a fresh hit nothing, because nobody asks whether it is possible", async () => {
    const { cache } = cacheAndClock();
    const handler = cacheRoute(cache, OPTIONS, () => new Response("a"));
    await handler(ask());
    const asked = vi.spyOn(WebRequest.prototype, "refresh", "get");

    const hit = await handler(ask());

    expect([hit.headers.get("x-cache"), asked.mock.calls.length]).toEqual(["HIT", 0]);
    asked.mockRestore();
  });
});

function cacheAndClock(): { readonly cache: Cache; readonly clock: TestClock } {
  const clock = testClock();
  return { clock, cache: createCache({ clock, reporter: false, onError: () => undefined }) };
}

/** A cached handler whose response is stale after the first request. */
function site(
  answering: (request: Request, run: number) => Response | Promise<Response>,
  options: FetchOptions = {},
  first: Request = ask(),
): {
  readonly route: (request: Request) => Promise<Response>;
  readonly cache: Cache;
  readonly seen: readonly Request[];
  readonly refreshed: (stored: number) => Promise<void>;
  readonly text: () => Promise<string>;
} {
  const { cache, clock } = cacheAndClock();
  const seen: Request[] = [];
  const handler: FetchHandler = cacheRoute(cache, { ...OPTIONS, ...options }, (request) =>
    answering(request, seen.push(request)),
  );
  const filled = Promise.resolve(handler(first)).then(() => clock.advance(10));
  return {
    cache,
    seen,
    route: async (request) => {
      await filled;
      return handler(request);
    },
    refreshed: (stored) => vi.waitFor(() => expect(cache.stats().stored).toBe(stored)),
    text: async () => (await handler(ask())).text(),
  };
}

function raise(message: string): never {
  throw new Error(message);
}

async function spent(): Promise<Response> {
  const response = new Response("a");
  const reader = response.body!.getReader();
  await reader.read();
  reader.releaseLock();
  return response;
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield bytes("begun");
  await new Promise(setImmediate);
  throw new Error("the source broke");
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield bytes("123");
    await new Promise(setImmediate);
  }
}
