import { describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import { cacheRoute } from "../../../src/adapters/fetch.ts";

describe("what a router has added to a request", () => {
  /** As routers do, which are passed the copy once more. */
  const routed = (request: Request): Request & { query: object } =>
    Object.assign(request, { query: Object.fromEntries(new URL(request.url).searchParams) });

  it("can be set again on the copy that the handler is shown", async () => {
    const seen: object[] = [];
    const cached = cacheRoute(createCache({ reporter: false }), { ttl: 60, query: ["a"] }, (request) => {
      const own = request as Request & { query: object };
      seen.push(own.query, routed(request).query);
      own.query = { set: "anew" };
      seen.push(own.query);
      return new Response("content");
    });
    const response = await cached(routed(new Request("http://example.org/?a=1&b=2")));
    expect(response.headers.get("x-cache")).toBe("MISS");
    expect(seen).toEqual([{ a: "1" }, { a: "1" }, { set: "anew" }]);
  });

  it("stays that of the client's request where the copy's is set", async () => {
    const cached = cacheRoute(createCache({ reporter: false }), { ttl: 60, query: ["a"] }, (request) => {
      Object.assign(request, { query: "of the copy" });
      return new Response("content");
    });
    const request = routed(new Request("http://example.org/?a=1&b=2"));
    await cached(request);
    expect(request.query).toEqual({ a: "1", b: "2" });
  });
});
