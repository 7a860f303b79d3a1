import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express, { Router } from "express";
import Fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as onExpress } from "../../src/adapters/express.ts";
import { cacheRoute as onFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as onFetch } from "../../src/adapters/fetch.ts";
import { createCache, memoryStore } from "../../src/index.ts";
import type { Cache, Store, Which } from "../../src/index.ts";
import { serve } from "../../examples/fetch/serve.ts";

const newCache = (): Cache => createCache({ reporter: false });

/** Serves users and teams by their ids on Fastify. Returns its address. */
async function fastifySite(cache: Cache): Promise<string> {
  const app = Fastify({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } });
  await app.register(onFastify, { cache });
  await app.register(
    async (api) => {
      api.get("/users/:id", { cache: { ttl: 60 } }, async () => "user");
      api.get("/teams/:team/users/:id", { cache: { ttl: 60, route: "member" } }, async () => "member");
    },
    { prefix: "/api" },
  );
  onTestFinished(() => app.close());
  return app.listen({ port: 0, host: "127.0.0.1" });
}

/** The same on Express, in a mounted router. */
async function expressSite(cache: Cache): Promise<string> {
  const api = Router();
  api.get("/users/:id", onExpress(cache, { ttl: 60 }), (_req, res) => void res.send("user"));
  api.get("/teams/:team/users/:id", onExpress(cache, { ttl: 60, route: "member" }), (_req, res) => {
    res.send("member");
  });
  const server = createServer(express().use("/api", api));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The same as one fetch handler, which knows no parameters. */
async function fetchSite(cache: Cache): Promise<string> {
  const handler = onFetch(cache, { ttl: 60 }, (request) => new Response(new URL(request.url).pathname));
  const { server, address } = await serve(handler, 0);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return address;
}

/** Asks for all paths, invalidates, and returns those that are still served from the cache. */
async function leftAfter(
  start: (cache: Cache) => Promise<string>,
  which: Which,
  paths: readonly string[],
): Promise<readonly string[]> {
  const cache = newCache();
  const address = await start(cache);
  const ask = async (path: string): Promise<string | null> =>
    (await fetch(address + path)).headers.get("x-cache");
  for (const path of paths) expect(await ask(path)).toBe("MISS");
  await cache.invalidate(which);
  const left: string[] = [];
  for (const path of paths) if ((await ask(path)) === "HIT") left.push(path);
  return left;
}

const PATHS = ["/api/users/7", "/api/users/7?page=2", "/api/users/8", "/api/teams/7/users/7"] as const;

describe.each([
  ["Fastify", fastifySite],
  ["Express", expressSite],
] as const)("what is invalidated on %s", (_, start) => {
  it.each<[string, Which, readonly string[]]>([
    [
      "a route with parameters, however the path is written",
      { route: "/api/users/:id", params: { id: 7 } },
      ["/API/Users/8", "/api/teams/7/users/7"],
    ],
    ["a route", { route: "GET /api/users/:id" }, ["/api/teams/7/users/7"]],
    ["a route by its own name", { route: "member" }, ["/api/users/7", "/API/Users/7/", "/API/Users/8"]],
    [
      "a route by its own name, with parameters",
      { route: "member", params: { team: 7, id: 7 } },
      ["/api/users/7", "/API/Users/7/", "/API/Users/8"],
    ],
    ["a URL", { url: "/api/users/7" }, ["/API/Users/7/", "/API/Users/8", "/api/teams/7/users/7"]],
  ])("is %s, and nothing else", async (_what, which, left) => {
    const paths = ["/api/users/7", "/API/Users/7/", "/API/Users/8", "/api/teams/7/users/7"];

    expect(await leftAfter(start, which, paths)).toEqual(left);
  });
});

describe("what is invalidated with fetch", () => {
  it.each<[string, Which, readonly string[]]>([
    [
      "the path that a route has with its parameters",
      { route: "/api/users/:id", params: { id: "7" } },
      ["/api/users/8", "/api/teams/7/users/7"],
    ],
    ["a URL", { url: "/api/users/7?page=3" }, ["/api/users/8", "/api/teams/7/users/7"]],
  ])("is %s, and nothing else", async (_what, which, left) => {
    expect(await leftAfter(fetchSite, which, PATHS)).toEqual(left);
  });
});

describe("two caches on one store", () => {
  it("know of each other's invalidations", async () => {
    const store = memoryStore();
    const [mine, other] = [1, 2].map(() => createCache({ store, reporter: false })) as [Cache, Cache];
    const address = await fetchSite(mine);
    await fetch(`${address}/a`);

    await other.invalidate({ url: "/a" });

    expect((await fetch(`${address}/a`)).headers.get("x-cache")).toBe("MISS");
  });
});

/** A store that other processes may read. */
function sharedOver(inner: Store): Store {
  return {
    name: "shared",
    shared: true,
    get: (...asked) => inner.get(...asked),
    set: (entry) => inner.set(entry),
    delete: (...asked) => inner.delete(...asked),
    clear: () => inner.clear(),
  };
}

describe("a store that processes share", () => {
  it("stores nothing with tags, and only keys can be invalidated", async () => {
    const cache = createCache({
      reporter: false,
      store: sharedOver(memoryStore()),
    });
    const handler = onFetch(cache, { ttl: 60, tags: ["users"], route: "users" }, () => new Response("a"));
    const { server, address } = await serve(handler, 0);
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });

    const answer = await fetch(`${address}/a`);

    expect(answer.headers.get("cache-status")).toContain("detail=tags");
    for (const which of [{ tag: "users" }, { url: "/a" }, { route: "/a" }, { namespace: "a" }]) {
      await expect(cache.invalidate(which)).rejects.toMatchObject({ code: "ERR_CACHE_INVALIDATE" });
    }
    await expect(cache.invalidate("k", { soft: true })).rejects.toMatchObject({
      code: "ERR_CACHE_INVALIDATE",
    });
    await cache.set("k", { body: "a" });
    expect(await cache.invalidate("k")).toEqual({ removed: 1, everywhere: true });
  });

  it("takes no tags by hand either, and a failure of it is one of this process alone", async () => {
    const failing = (): never => {
      throw new Error("down");
    };
    const store = { ...sharedOver(memoryStore()), delete: failing, clear: failing };
    const cache = createCache({ reporter: false, onError: () => undefined, store });

    await expect(cache.set("k", { body: "a" }, { tags: ["users"] })).rejects.toMatchObject({
      code: "ERR_CACHE_RESPONSE",
    });
    expect([await cache.invalidate("k"), await cache.clear()]).toEqual([
      { everywhere: false },
      { everywhere: false },
    ]);
  });
});
