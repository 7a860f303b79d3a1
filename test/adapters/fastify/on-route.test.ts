import Fastify from "fastify";
import type { FastifyInstance, onRouteHookHandler } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";

interface Hooks {
  /** Registered before the plugin. */
  readonly earlier?: onRouteHookHandler;
  /** Registered after the plugin. */
  readonly later?: onRouteHookHandler;
  readonly cache?: Cache;
}

async function application({
  earlier,
  later,
  cache = createCache({ reporter: false }),
}: Hooks): Promise<FastifyInstance> {
  const app = Fastify();
  onTestFinished(() => app.close());
  if (earlier !== undefined) app.addHook("onRoute", earlier);
  await app.register(cacheRoute, { cache });
  if (later !== undefined) app.addHook("onRoute", later);
  return app;
}

async function ask(app: FastifyInstance, url: string, method: "GET" | "HEAD" = "GET"): Promise<string> {
  const { headers, body } = await app.inject({ method, url });
  return `${String(headers["x-cache"])} ${body}`.trim();
}

describe("onRoute hooks of others", () => {
  it("may give each route cache options of its own, before the plugin", async () => {
    const app = await application({ earlier: (route) => void (route.cache ??= { ttl: 60 }) });
    let runs = 0;
    app.get("/a", async () => `run ${++runs}`);
    app.get("/not", { cache: false }, async () => "not");

    expect([await ask(app, "/a"), await ask(app, "/a"), await ask(app, "/a", "HEAD")]).toEqual([
      "MISS run 1",
      "HIT run 1",
      "HIT",
    ]);
    expect(await ask(app, "/not")).toBe("undefined not");
  });

  it("keep the application from starting where they give options after the plugin", async () => {
    const app = await application({ later: (route) => void (route.cache ??= { ttl: 60 }) });
    app.get("/a", async () => "a");

    await expect(app.ready()).rejects.toThrow("GET /a: an onRoute hook wrote its cache options after");
  });

  it("keep the application from starting where they change options after the plugin", async () => {
    const app = await application({ later: (route) => void (route.cache &&= { ...route.cache, ttl: 5 }) });
    app.get("/a", { cache: { ttl: 60 } }, async () => "a");

    await expect(app.ready()).rejects.toThrow("GET /a: an onRoute hook wrote its cache options after");
  });

  it("may declare a copy of a route, which is cached on its own and looked up once", async () => {
    const cache = createCache({ reporter: false });
    const app = await application({
      cache,
      later(route) {
        if (route.url === "/a" && route.method === "GET")
          this.route({ ...route, url: "/copy", exposeHeadRoute: false });
      },
    });
    let runs = 0;
    app.get("/a", { cache: { ttl: 60 } }, async (request) => `run ${++runs} of ${request.url}`);

    const answers = [];
    for (const url of ["/a", "/a", "/copy", "/copy"]) answers.push(await ask(app, url));

    expect(answers).toEqual([
      "MISS run 1 of /a",
      "HIT run 1 of /a",
      "MISS run 2 of /copy",
      "HIT run 2 of /copy",
    ]);
    expect(cache.stats().outcomes).toMatchObject({ miss: 2, hit: 2 });
  });

  it("may copy a route with its guards, which run once", async () => {
    const passed: string[] = [];
    const app = await application({
      later(route) {
        if (route.url === "/a" && route.method === "GET")
          this.route({ ...route, url: "/copy", exposeHeadRoute: false });
      },
    });
    app.get(
      "/a",
      { cache: { ttl: 60, before: async (request) => void passed.push(request.url) } },
      async () => "a",
    );

    await ask(app, "/copy");

    expect(passed).toEqual(["/copy"]);
  });

  it("may wrap the handler, before and after the plugin", async () => {
    const wrap: onRouteHookHandler = (route) => {
      const { handler } = route;
      route.handler = async function wrapped(request, reply) {
        const inner: unknown = await handler.call(this, request, reply);
        return `(${String(inner)})`;
      };
    };
    const app = await application({ earlier: wrap, later: wrap });
    app.get("/a", { cache: { ttl: 60 } }, async () => "a");

    expect([await ask(app, "/a"), await ask(app, "/a")]).toEqual(["MISS ((a))", "HIT ((a))"]);
  });
});

describe("prefixes and encapsulation", () => {
  it("serve both URLs of a route at the root of a prefix", async () => {
    const app = await application({});
    let runs = 0;
    app.register(async (inner) => void inner.get("/", { cache: { ttl: 60 } }, async () => `run ${++runs}`), {
      prefix: "/p",
    });

    const answers = [];
    for (const url of ["/p", "/p", "/p/", "/p/"]) answers.push(await ask(app, url));

    expect(answers).toEqual(["MISS run 1", "HIT run 1", "MISS run 2", "HIT run 2"]);
  });

  it("leave routes outside of the plugin's context to a check at the start", async () => {
    const app = Fastify();
    onTestFinished(() => app.close());
    await app.register(async (inner) => {
      await inner.register(cacheRoute, { cache: createCache({ reporter: false }) });
      inner.get("/in", { cache: { ttl: 60 } }, async () => "in");
    });
    app.get("/out", { cache: { ttl: 60 } }, async () => "out");

    await expect(app.ready()).rejects.toThrow("GET /out has cache options");
  });
});
