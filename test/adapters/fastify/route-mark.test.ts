import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";

async function application(): Promise<FastifyInstance> {
  const app = Fastify();
  onTestFinished(() => app.close());
  await app.register(cacheRoute, { cache: createCache({ reporter: false }) });
  return app;
}

/** The options of a route as JavaScript would pass them. */
const route = (options: object): object => options;

describe("cache options inside config are refused with the line to write", () => {
  it.each([
    [{ ttl: 60 }, 'write app.get("/time", { cache: { ttl: 60 } }, handler) ['],
    [
      { ttl: Infinity, tags: ["a", "b"], key: () => "a", namespace: "n" },
      'write app.get("/time", { cache: { ttl: Infinity, tags: ["a", "b"], key: ..., namespace: "n" } }, handler) [',
    ],
    [{}, 'write app.get("/time", { cache: {} }, handler) ['],
    [false, 'write app.get("/time", { cache: false }, handler) ['],
    [300, 'write app.get("/time", { cache: { ttl: 300 } }, handler) ['],
  ])("%o", async (cache, line) => {
    const app = await application();

    expect(() => app.get("/time", route({ config: { cache } }), async () => "a")).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_OPTION_INVALID",
        message: expect.stringContaining(line) as string,
      }),
    );
  });

  it("for several methods", async () => {
    const app = await application();
    const cached = route({ config: { cache: { ttl: 60 } } });
    const declare = (): unknown =>
      app.route({ ...cached, method: ["GET", "POST"], url: "/time", handler: async () => "a" });

    expect(declare).toThrow(
      'GET,POST /time: "cache" is an option of the route, not of its "config"; ' +
        'write app.route({ method: ["GET","POST"], url: "/time", cache: { ttl: 60 }, handler })',
    );
  });

  it("before the plugin is loaded too", () => {
    const app = Fastify();

    expect(() => app.get("/time", route({ config: { cache: { ttl: 60 } } }), async () => "a")).toThrow(
      '"cache" is an option of the route',
    );
  });
});

describe("cache options that are no object are refused with what to write", () => {
  it.each([
    [300, 'the option "cache" is 300; write cache: { ttl: 300 } ['],
    ["60", 'the option "cache" is "60"; write cache: { ttl: 60 } ['],
    ["1m", 'the option "cache" is "1m"; write cache: { ttl: 60 } ['],
    [true, 'the option "cache" is true; write cache: { ttl: 60 } ['],
    [null, 'the option "cache" is null; write cache: { ttl: 60 }, or cache: false ['],
    [[300], 'the option "cache" is [300]; write cache: { ttl: 60 } ['],
    [() => 60, 'the option "cache" is ...; write cache: { ttl: 60 } ['],
    [-1, 'the option "cache" is -1; write cache: { ttl: 60 } ['],
  ])("%o", async (cache, message) => {
    const app = await application();

    expect(() => app.get("/time", route({ cache }), async () => "a")).toThrow(
      expect.objectContaining({
        code: "ERR_CACHE_OPTION_INVALID",
        message: expect.stringContaining(`GET /time: ${message}`) as string,
      }),
    );
  });
});
