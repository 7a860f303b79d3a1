import { runInNewContext } from "node:vm";
import { describe, expect, expectTypeOf, it } from "vitest";
import { cacheRoute } from "../../../src/adapters/fetch.ts";
import type { FetchOptions } from "../../../src/adapters/fetch.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { chaosStore, testClock } from "../../../src/testing/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { quietCache } from "../harness/fetch-site.ts";

interface Env {
  readonly secret: string;
}
const ask = (headers: Record<string, string> = {}): Request => new Request("http://a.test/", { headers });

describe("a handler that the fetch adapter wraps", () => {
  it("gets the other arguments of its runtime, and so do its guards", async () => {
    const env = { secret: "s" };
    const seen: unknown[] = [];
    const guard = (_: Request, given: Env): void => void seen.push(given);
    const handler = cacheRoute(
      quietCache(),
      { before: [guard] },
      (_: Request, given: Env, context: number) => {
        seen.push(given, context);
        return new Response("a");
      },
    );

    await handler(ask(), env, 7);

    expectTypeOf(handler).parameters.toEqualTypeOf<[request: Request, given: Env, context: number]>();
    expect(seen).toEqual([env, env, 7]);
  });

  it("is guarded in order, and the first refusal is the response, without a later guard, lookup or run", async () => {
    const store = chaosStore(memoryStore());
    const cache = createCache({ store, reporter: false });
    const order: string[] = [];
    const before: FetchOptions["before"] = [
      async () => void order.push("first"),
      () => void order.push("second"),
      async () => {
        order.push("third");
        return new Response("no", { status: 403 });
      },
      () => void order.push("fourth"),
    ];
    const handler = cacheRoute(cache, { before }, () => new Response(String(order.push("handler"))));

    const response = await handler(ask());

    expect([response.status, order]).toEqual([403, ["first", "second", "third"]]);
    expect(store.log).toEqual([]);
  });

  it("does not run when a guard throws", async () => {
    const error = new Error("the guard failed");
    const handler = cacheRoute(
      quietCache(),
      { before: [() => Promise.reject(error)] },
      () => new Response("a"),
    );

    await expect(handler(ask())).rejects.toBe(error);
  });

  it("does not run, and nothing is served, when a guard returns something that is no response", async () => {
    const refuse = (() => false) as unknown as () => undefined;
    const handler = cacheRoute(quietCache(), { before: [refuse] }, () => new Response("a"));

    expect(await handler(ask())).not.toBeInstanceOf(Response);
  });

  it("is cached in a store that returns promises", async () => {
    const clock = testClock();
    const store = chaosStore(memoryStore(), { mode: "slow", delayMs: 0, clock });
    const handler = cacheRoute(createCache({ store, clock, reporter: false }), {}, () => new Response("a"));
    const miss = handler(ask());
    clock.advance(0);
    await miss;
    clock.advance(0);

    const hit = handler(ask());
    clock.advance(0);

    expect((await hit).headers.get("x-cache")).toBe("HIT");
  });

  it("can return a promise of another realm", async () => {
    const { Promise: Foreign } = runInNewContext("({ Promise })") as { Promise: PromiseConstructor };
    const handler = cacheRoute(quietCache(), {}, () => Foreign.resolve(new Response("a")));

    const bypassed = await handler(ask({ cookie: "a=1" }));

    expect(bypassed.headers.get("x-cache")).toBe("MISS");
  });

  it("is called by its name in messages", async () => {
    const told: string[] = [];
    const cache = createCache({ reporter: (report) => void told.push(report.message) });
    const handler = cacheRoute(cache, {}, function reports() {
      return new Response("a", { headers: { "cache-control": "no-store" } });
    });

    await handler(ask());

    expect(told).toEqual([expect.stringMatching(/^fetch handler reports was not stored: /)]);
  });

  it.each([
    ["a misspelt option", { tll: 60 }, "ERR_CACHE_OPTION_UNKNOWN"],
    ["an option of the wrong kind", { ttl: "60" }, "ERR_CACHE_OPTION_INVALID"],
    ["a guard that is not a function", { before: ["key"] }, "ERR_CACHE_OPTION_INVALID"],
    ["guards that are not a list", { before: () => undefined }, "ERR_CACHE_OPTION_INVALID"],
    ["no options at all", null, "ERR_CACHE_OPTION_INVALID"],
    ["a list for options", [], "ERR_CACHE_OPTION_INVALID"],
  ])("is refused when it is declared with %s", (_, options, code) => {
    expect(() => cacheRoute(quietCache(), options as FetchOptions, () => new Response("a"))).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it("is refused when it is declared without a handler or without a cache", () => {
    const handler = (): Response => new Response("a");

    expect(() => cacheRoute(quietCache(), handler as FetchOptions, undefined as never)).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_OPTION_INVALID" }),
    );
    expect(() => cacheRoute({} as Cache, {}, handler)).toThrow(
      expect.objectContaining({ code: "ERR_CACHE_NOT_A_CACHE" }),
    );
  });
});
