import Fastify from "fastify";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";

const cached = { cache: { ttl: 60 } };

describe("a route with cache options that no cache serves", () => {
  it("keeps the application from starting where register was not awaited", async () => {
    const app = Fastify();
    onTestFinished(() => app.close());
    void app.register(cacheRoute, { cache: createCache() });
    app.get("/a", cached, async () => "a");

    await expect(app.ready()).rejects.toMatchObject({
      code: "ERR_CACHE_ROUTE_UNSEEN",
      message: expect.stringContaining("GET /a has cache options") as string,
    });
  });

  it("keeps the application from starting where the plugin was not registered at all", async () => {
    const app = Fastify();
    onTestFinished(() => app.close());
    app.get("/a", cached, async () => "a");

    await expect(app.ready()).rejects.toMatchObject({ code: "ERR_CACHE_ROUTE_UNSEEN" });
  });

  it("lets it start where the options are false", async () => {
    const app = Fastify();
    onTestFinished(() => app.close());
    app.get("/a", { cache: false }, async () => "a");

    await expect(app.ready()).resolves.toBeDefined();
  });

  it("is none where another copy of the package serves it", async () => {
    vi.resetModules();
    const other = await import("../../../src/adapters/fastify.ts");
    const app = Fastify();
    onTestFinished(() => app.close());
    await app.register(cacheRoute, { cache: createCache() });
    app.get("/a", { cache: { ttl: 60 } }, async () => "a");

    expect(other.cacheRoute).not.toBe(cacheRoute);
    await expect(app.ready()).resolves.toBeDefined();
  });
});
