import { describe, expect, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchHandler, FetchOptions } from "../../../src/adapters/fetch.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import type { TestClock } from "../../../src/testing/index.ts";

const orStale = { ttl: 10, staleIfError: 60 };
const ask = (): Request => new Request("http://a.test/");

/** A handler that responds once and then throws; the response is stale. */
async function site(
  thrown: () => unknown,
  options: FetchOptions = orStale,
): Promise<{ route: FetchHandler; cache: Cache; clock: TestClock; runs: () => number }> {
  const clock = testClock();
  const cache = createCache({ clock, reporter: false, onError: () => undefined });
  let runs = 0;
  const route = cacheRoute(cache, options, () => {
    if (++runs === 1) return new Response("run 1");
    throw thrown();
  });
  await route(ask());
  clock.advance(10);
  return { route, cache, clock, runs: () => runs };
}

async function outcome(route: FetchHandler): Promise<unknown> {
  try {
    return { returned: await (await route(ask())).text() };
  } catch (error) {
    const { status } = error as { readonly status?: number };
    return { thrown: status };
  }
}

describe("an error of a fetch handler", () => {
  it.each<[string, () => unknown]>([
    ["an error with a status", () => Object.assign(new Error("gone"), { status: 410 })],
    ["an object with a status", () => ({ status: 410 })],
    ["a Response", () => new Response("gone", { status: 410 })],
  ])("is thrown on and removes the entry: %s", async (_, thrown) => {
    const { route, cache } = await site(thrown);

    expect(await outcome(route)).toEqual({ thrown: 410 });
    expect(cache.stats().store?.entries).toBe(0);
  });

  it("that is a Response is thrown on with the status fields, and is stored if its status is", async () => {
    const options = { ...orStale, statuses: { 200: true, 404: 10 } } as const;
    const { route } = await site(() => new Response("no such page", { status: 404 }), options);

    const thrown = await Promise.resolve(route(ask())).catch((error: unknown) => error as Response);
    const hit = await route(ask());

    expect([thrown.status, thrown.headers.get("x-cache"), await thrown.text()]).toEqual([
      404,
      "MISS",
      "no such page",
    ]);
    expect([hit.status, hit.headers.get("x-cache"), await hit.text()]).toEqual([404, "HIT", "no such page"]);
  });

  it("that is a redirecting Response precedes the stale response", async () => {
    const { route } = await site(() => new Response(null, { status: 302, headers: { location: "/login" } }));

    expect(await outcome(route)).toEqual({ thrown: 302 });
  });

  it("that is a Response with one of errorStatuses is replaced by the stale response", async () => {
    const { route } = await site(() => new Response("failed", { status: 503 }));

    expect(await outcome(route)).toEqual({ returned: "run 1" });
  });

  it("is not that of a guard that throws in a refresh", async () => {
    let isOpen = true;
    const before = [
      (): undefined => {
        if (!isOpen) throw Object.assign(new Error("closed"), { status: 403 });
      },
    ];
    const { route, cache, runs } = await site(() => new Error("not run"), {
      ttl: 10,
      staleWhileRevalidate: 60,
      before,
    });
    const stale = Promise.resolve(route(ask()));
    isOpen = false;
    await stale;
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect([runs(), cache.stats().store?.entries]).toEqual([1, 1]);
  });
});
