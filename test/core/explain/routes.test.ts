import { describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { engineOf } from "../../../src/adapter.ts";

function cacheWith(...routes: readonly string[]): Cache {
  const cache = createCache({ reporter: false });
  routes.forEach((route) => engineOf(cache).policy({}, { route }));
  return cache;
}

async function routeOf(cache: Cache, url: string, method?: string): Promise<string> {
  return (await cache.explain({ url, method })).route;
}

describe("the route that explains a request", () => {
  it.each<[string, string, string | undefined, string]>([
    ["a literal path", "/users", "GET", "GET /users"],
    ["a literal path before one with a parameter", "/users/me", "GET", "GET /users/me"],
    ["a parameter", "/users/7?x=1", undefined, "GET /users/:id"],
    ["its method", "/users", "POST", "POST /users"],
    ["GET for HEAD", "/users", "HEAD", "GET /users"],
    ["its path alone, of a method that is not cached", "/users/7", "DELETE", "GET /users/:id"],
    ["a star", "/files/a/b", "GET", "GET,HEAD /files/*"],
    ["case that routers overlook", "/USERS/", "GET", "GET /users"],
  ])("is found by %s", async (_, url, method, expected) => {
    const cache = cacheWith(
      "GET /users",
      "POST /users",
      "HEAD /users",
      "GET /users/me",
      "GET /users/:id",
      "GET,HEAD /files/*",
      "cacheRoute()",
    );

    expect(await routeOf(cache, url, method)).toBe(expected);
  });

  it("is the one that has no path, where it is the only one", async () => {
    expect(await routeOf(cacheWith("fetch handler reports"), "/anything")).toBe("fetch handler reports");
  });

  it("is that one with a doubt, where others have paths that do not fit", async () => {
    const { text } = await cacheWith("GET /a", "cacheRoute()").explain({ url: "/b" });

    expect(text).toContain("No route of this path is known; cacheRoute() is taken, which names no path.");
  });

  it("is the one that is named", async () => {
    const cache = cacheWith("fetch handler a", "fetch handler b");

    expect((await cache.explain({ url: "/" }, { route: "fetch handler b" })).route).toBe("fetch handler b");
  });

  it.each<[string, readonly string[], string | undefined, string]>([
    ["none", [], undefined, "this cache has no routes yet"],
    ["none of this path", ["GET /b"], undefined, "no route matches GET /a; say which"],
    ["none of this name", ["GET /b"], "GET /a", 'no route is called "GET /a"'],
    ["several", ["GET /:x", "GET /:y"], undefined, "several routes match GET /a; say which"],
    [
      "several without a path",
      ["fetch handler a", "fetch handler b"],
      undefined,
      "fetch handler a | fetch handler b",
    ],
    [
      "several of one name that says nothing",
      ["cacheRoute()", "cacheRoute()"],
      undefined,
      "2 routes are called",
    ],
  ])("is asked for where there are %s", async (_, routes, route, message) => {
    const asked = cacheWith(...routes).explain({ url: "/a" }, route === undefined ? {} : { route });

    await expect(asked).rejects.toMatchObject({
      code: "ERR_CACHE_EXPLAIN",
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, string, string, string | undefined]>([
    ["one of its methods", "GET /all/:id", "DELETE,GET,POST /all/:id", "POST"],
    ["several of its methods", "POST,GET /all/:id", "DELETE,GET,POST /all/:id", undefined],
    ["the word for all methods", "ALL /all/:id", "DELETE,GET,POST /all/:id", "POST"],
    ["the word for all, and the method that is asked for", "ALL /b", "POST /b", "POST"],
    ["its own name before another's", "GET /b", "GET /b", undefined],
  ])("is the one that is named by %s", async (_, route, expected, method) => {
    const cache = cacheWith("DELETE,GET,POST /all/:id", "GET /b", "POST /b", "GET,HEAD /c");

    expect((await cache.explain({ url: "/", method }, { route })).route).toBe(expected);
  });

  it("is the last of its name, and the text says so", async () => {
    const cache = cacheWith("GET /a", "GET /a");

    expect((await cache.explain({ url: "/a" })).text).toContain(
      "2 routes are called GET /a; this is the one declared last.",
    );
  });
});
