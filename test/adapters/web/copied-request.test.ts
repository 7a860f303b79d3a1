import { describe, expect, it, vi } from "vitest";
import { createCache } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
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

  it("by its class is there for a refresh, too, which sees a copy of a copy where the query is cut", async () => {
    class Served extends Request {
      get ip(): string {
        return "127.0.0.1";
      }
    }
    const clock = testClock();
    const cache = createCache({ reporter: false, clock });
    const seen: unknown[] = [];
    const cached = cacheRoute(
      cache,
      { ttl: 10, staleWhileRevalidate: 60, query: ["a"] },
      (request: Served) => new Response(`run ${seen.push(request.ip)}`),
    );
    await cached(new Served("http://example.org/?a=1&b=1"));
    clock.advance(10);
    await cached(new Served("http://example.org/?a=1&b=2"));

    await vi.waitFor(() => expect(cache.stats().stored).toBe(2));

    expect(seen).toEqual(["127.0.0.1", "127.0.0.1"]);
  });
});
