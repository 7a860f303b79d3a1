import { describe, expect, it } from "vitest";
import { createCache, memoryStore } from "../../src/index.ts";
import { answer, bypassOf, fillOf, kitOf } from "../support/kit.ts";

describe("a route with enabled: false", () => {
  it("is passed by without a field, and nothing is counted or reported", () => {
    const reasons: string[] = [];
    const { cache, now } = kitOf({
      route: { enabled: false },
      cache: { reporter: ({ reason }) => void reasons.push(reason) },
    });

    const { fields, reason } = bypassOf(now({ method: "POST" }));

    const { outcomes, refusals } = cache.stats();
    expect([fields, reason, outcomes.bypass, refusals, reasons]).toEqual([[], "disabled", 0, {}, []]);
  });

  it("calls none of its functions", () => {
    const fails = (): never => {
      throw new Error("called");
    };
    const { now } = kitOf({ route: { enabled: false, key: fails, scope: fails, origin: fails } });

    expect(bypassOf(now()).reason).toBe("disabled");
  });

  it("has its other options checked all the same", () => {
    expect(() => kitOf({ route: { enabled: false, ttl: -1 } })).toThrow(/"ttl" is -1/);
  });

  it("is explained: the cache is off, and no Cache-Status is sent", async () => {
    const { cache } = kitOf({ route: { enabled: false } });

    const { outcome, reason, cacheStatus, text } = await cache.explain({ url: "http://example.org/reports" });

    expect([outcome, reason, cacheStatus]).toEqual(["bypass", "disabled", ""]);
    expect(text).toContain("The cache is off for this route (enabled: false)");
    expect(text).not.toContain("Cache-Status");
  });
});

describe("a cache with enabled: false", () => {
  it("passes every request by, whatever its routes set", () => {
    const { now } = kitOf({ cache: { enabled: false }, route: { enabled: true } });

    expect(bypassOf(now()).fields).toEqual([]);
  });

  it("keeps what is put by hand", async () => {
    const cache = createCache({ enabled: false, store: memoryStore() });

    await cache.set("a", { body: "a" });

    expect((await cache.get("a"))?.status).toBe(200);
  });
});

it("defaults: { enabled: false } is for routes that do not set it", () => {
  const off = kitOf({ cache: { defaults: { enabled: false } } });
  const on = kitOf({ cache: { defaults: { enabled: false } }, route: { enabled: true } });
  answer(fillOf(on.now()));

  expect([off.now().kind, on.now().kind]).toEqual(["bypass", "serve"]);
});

it("enabled is true or false, on the cache, on a route and in its defaults", () => {
  const wrong = "yes" as never;

  expect(() => createCache({ enabled: wrong })).toThrow(/"enabled" is "yes"; write true or false/);
  expect(() => kitOf({ route: { enabled: wrong } })).toThrow(/"enabled" is "yes"; write true or false/);
  expect(() => createCache({ defaults: { enabled: wrong } })).toThrow(/"enabled" is "yes"/);
});
