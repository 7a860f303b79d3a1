import { describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import type { Cache, ExplainRequest, RouteOptions } from "../../../src/index.ts";
import { engineOf } from "../../../src/adapter.ts";
import { kitOf } from "../../support/kit.ts";
import type { Asked } from "../../support/kit.ts";

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

describe("the content of a request in plain words", () => {
  const JSON_TYPE = { "content-type": "application/json" };
  const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it.each<[string, Asked["content"], string | Uint8Array | object, Record<string, string>]>([
    ["text that a parser has parsed as JSON", { a: [1] }, '{"a":[1]}', JSON_TYPE],
    ["bytes that a parser has parsed as JSON", { a: [1] }, bytes('{"a":[1]}'), JSON_TYPE],
    ["text that a parser has parsed as a form", { a: ["1", "2"], b: "" }, "a=1&b=&a=2", FORM_TYPE],
    ["text of JSON that a parser has left as it is", '{"a":1}', '{"a":1}', JSON_TYPE],
    ["text that a parser has left as bytes", bytes("a"), "a", { "content-type": "text/plain" }],
    ["bytes that a parser has made text", "a", bytes("a"), { "content-type": "text/plain" }],
    ["what a parser leaves", { a: 1 }, { a: 1 }, JSON_TYPE],
  ])("is found where it is %s", async (_, content, described, headers) => {
    const { ask, cache } = kitOf({ route: { methods: ["POST"] } });
    ask({ method: "POST", content, headers });

    const asked = { url: "http://example.org/reports", method: "POST", headers };

    expect((await cache.explain({ ...asked, content: described })).outcome).toBe("hit");
    expect((await cache.explain({ ...asked, content: "else" })).outcome).toBe("miss");
  });
});

describe("a request in plain words", () => {
  const route: RouteOptions<Asked> = { vary: ["x-a"] };

  it("may give its headers as a Node request has them", async () => {
    const { cache } = kitOf({ route });

    const { key } = await cache.explain({
      url: "http://example.org/reports",
      headers: { "X-A": ["1", "2"], "x-b": undefined },
    });

    expect(key?.vary).toEqual({ "x-a": "1, 2" });
  });

  it("that gives a path only is of the origin that the route was asked on", async () => {
    const { cache, ask } = kitOf({ route });
    ask();

    const { outcome, text } = await cache.explain({ url: "/reports#top" });

    expect(outcome).toBe("hit");
    expect(text).not.toContain("taken to be");
  });

  it("that gives a path and a Host is of that host, with the scheme that the route was asked on", async () => {
    const { cache, ask } = kitOf({ route });
    ask();
    ask({ origin: "https://b.example" });

    const { key, text } = await cache.explain({ url: "/reports", headers: { Host: "b.example" } });

    expect(key?.uri).toBe("https://b.example/reports");
    expect(text).not.toContain("taken to be");
  });

  it("that gives a path only says so where several origins are known, or none", async () => {
    const { cache, ask } = kitOf({ route });

    const unknown = await cache.explain({ url: "/reports" });
    ask();
    ask({ origin: "https://b.example" });
    const several = await cache.explain({ url: "/reports" });

    expect(unknown.text).toContain(
      "The origin is taken to be http://localhost, and it is a part of the key.",
    );
    expect(several.text).toContain("the route was asked on it, and 1 more, such as https://b.example.");
  });

  it("may have a query and no path", async () => {
    const { key } = await cacheWith("GET /").explain({ url: "http://example.org?b=1&a=2" });

    expect(key?.uri).toBe("http://example.org/?a=2&b=1");
  });

  it.each<[unknown]>([[undefined], [null], [{}], [{ url: "reports" }], [{ url: "" }], [{ url: 7 }]])(
    "is refused where it has no URL: %j",
    async (asked) => {
      await expect(kitOf().cache.explain(asked as ExplainRequest)).rejects.toMatchObject({
        code: "ERR_CACHE_EXPLAIN",
        message: expect.stringContaining("give an absolute URL or a path"),
      });
    },
  );
});
