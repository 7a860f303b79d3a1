import express from "express";
import fastify from "fastify";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cacheRoute as inExpress } from "../../src/adapters/express.ts";
import { cacheRoute as inFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as inFetch } from "../../src/adapters/fetch.ts";
import { engineOf } from "../../src/adapter.ts";
import { createCache } from "../../src/index.ts";
import type { Cache } from "../../src/index.ts";

afterEach(() => vi.restoreAllMocks());

const METHODS = ["get", "set", "invalidate", "clear", "stats", "explain"] as const;

/** A cache on whose methods a test spies. */
function spied(): Cache {
  const cache = createCache({ reporter: false });
  METHODS.forEach((name) => vi.spyOn(cache, name));
  return cache;
}

describe("a method of a cache", () => {
  it.each(METHODS)("can be spied on, and be restored: %s", (name) => {
    const cache = createCache();
    const own = cache[name];

    const spy = vi.spyOn(cache, name).mockImplementation(() => "mocked" as never);
    const mocked = (cache[name] as () => unknown)();
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockRestore();

    expect([mocked, cache[name]]).toEqual(["mocked", own]);
  });

  it("still does its work under a spy", async () => {
    const cache = spied();
    await cache.set("user:1", { body: "Ann" });

    expect(await cache.invalidate("user:1")).toEqual({ removed: 1, everywhere: true });
    expect(await cache.get("user:1")).toBeUndefined();
    expect(cache.invalidate).toHaveBeenCalledExactlyOnceWith("user:1");
  });

  it("can be replaced in a copy of the cache, which adapters take as well", async () => {
    const stub = {
      ...createCache({ reporter: false }),
      invalidate: vi.fn<() => Promise<number>>(async () => 7),
    };
    const handler = inFetch(stub as never, { ttl: 60 }, () => new Response("x"));
    const ask = async (): Promise<string | null> =>
      (await handler(new Request("http://a.example/"))).headers.get("x-cache");

    expect([await stub.invalidate(), await ask(), await ask()]).toEqual([7, "MISS", "HIT"]);
  });

  it("is not what adapters use: their engine cannot be replaced", () => {
    const cache = createCache();
    const engine = engineOf(cache);
    const [symbol] = Object.getOwnPropertySymbols(cache);

    expect(() => Object.assign(cache, { [symbol!]: {} })).toThrow(TypeError);
    expect(engineOf(cache)).toBe(engine);
  });
});

describe("requests are served while tests spy on a cache, and call none of its methods", () => {
  const calls = (cache: Cache): number =>
    METHODS.reduce((sum, name) => sum + vi.mocked(cache[name]).mock.calls.length, 0);

  it("on Fastify", async () => {
    const cache = spied();
    const app = fastify();
    await app.register(inFastify, { cache });
    app.get("/", { cache: { ttl: 60 } }, () => "x");

    const words = [await app.inject("/"), await app.inject("/")].map(({ headers }) => headers["x-cache"]);

    expect([words, calls(cache)]).toEqual([["MISS", "HIT"], 0]);
  });

  it("on Express", async () => {
    const cache = spied();
    const server = express()
      .get("/", inExpress(cache, { ttl: 60 }), (_, res) => void res.send("x"))
      .listen(0);
    const { port } = server.address() as { port: number };
    const ask = async (): Promise<string | null> =>
      (await fetch(`http://127.0.0.1:${port}/`)).headers.get("x-cache");

    const words = [await ask(), await ask()];
    server.close();

    expect([words, calls(cache)]).toEqual([["MISS", "HIT"], 0]);
  });

  it("on fetch", async () => {
    const cache = spied();
    const handler = inFetch(cache, { ttl: 60 }, () => new Response("x"));
    const ask = async (): Promise<string | null> =>
      (await handler(new Request("http://a.example/"))).headers.get("x-cache");

    expect([[await ask(), await ask()], calls(cache)]).toEqual([["MISS", "HIT"], 0]);
  });
});
