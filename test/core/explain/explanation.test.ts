import { describe, expect, it } from "vitest";
import type { Explanation, RouteOptions } from "../../../src/index.ts";
import { kitOf } from "../../support/kit.ts";
import type { Asked, Kit } from "../../support/kit.ts";

function explained({ cache }: Kit, asked: Asked = {}): Promise<Explanation> {
  const { target = "/reports", headers = {} } = asked;
  return cache.explain({ url: `http://example.org${target}`, headers, native: asked });
}

describe("an explanation", () => {
  it("of a hit tells the key, the entry, the arithmetic and the answer", async () => {
    const kit = kitOf({ cache: { namespace: "api" }, route: { vary: ["accept-language"], query: ["page"] } });
    const asked = { target: "/reports?page=2&utm=1", headers: { "accept-language": "fr" } };
    kit.ask(asked, { headers: { "cache-control": "max-age=90", etag: '"v1"' } });
    kit.clock.advance(12);

    const { text, ...data } = await explained(kit, asked);

    const storedAt = Date.UTC(2026, 0, 1);
    expect(data).toEqual({
      outcome: "hit",
      route: "GET /reports",
      key: {
        hash: expect.stringMatching(/^[\w-]{22}$/),
        namespace: "api",
        method: "GET",
        uri: "http://example.org/reports?page=2",
        route: "GET /reports",
        rewritten: undefined,
        named: undefined,
        dropped: ["utm"],
        principal: undefined,
        content: undefined,
        vary: { "accept-language": "fr" },
      },
      entry: {
        status: 200,
        size: 6,
        etag: '"v1"',
        vary: ["accept-language"],
        tags: [],
        storedAt,
        staleAt: storedAt + 90_000,
        deleteAt: storedAt + 90_000,
      },
      freshness: {
        lifetime: 90,
        age: 12,
        remaining: 78,
        from: "max-age in the response's Cache-Control",
      },
      cacheStatus: "caching-route;hit;ttl=78",
    });
    expect(text.split("\n")).toEqual([
      "GET http://example.org/reports?page=2&utm=1: hit",
      "  The stored response is served; the handler does not run.",
      "  route     GET /reports",
      "  key       GET http://example.org/reports?page=2, in the namespace api",
      "            of the route GET /reports",
      "            not in the key: the parameters utm",
      "  varies by accept-language: fr",
      '  entry     200, 6 bytes, etag "v1", chosen by accept-language',
      "            stored 2026-01-01T00:00:00.000Z, stale 2026-01-01T00:01:30.000Z, deleted 2026-01-01T00:01:30.000Z",
      "  freshness lifetime 90 s (max-age in the response's Cache-Control) - age 12 s = 78 s left",
      "  sends     Cache-Status: caching-route;hit;ttl=78",
    ]);
  });

  it("does not show the value of a field that the route names among the credentials", async () => {
    const kit = kitOf({
      route: { scope: "everyone", credentials: ["x-tenant-key"], vary: ["x-tenant-key"] },
    });

    const { text } = await explained(kit, { headers: { "x-tenant-key": "s3cret" } });

    expect(text).toContain("varies by x-tenant-key: (not shown)");
  });

  it("of a key that a function names shows its text, and the principal as a hash only", async () => {
    const kit = kitOf({ route: { key: () => "a|b%", scope: () => "ann", namespace: "x|y" } });
    kit.ask();

    const { key, outcome, text } = await explained(kit);

    expect(outcome).toBe("hit");
    expect(key).toMatchObject({ named: "a|b%", namespace: "x|y", method: "GET", uri: undefined });
    expect(key?.principal).toMatch(/^[\w-]{22}$/);
    expect(text).not.toContain("ann");
  });

  it("shows no credentials, and no line that a client wrote", async () => {
    const kit = kitOf({ route: { scope: "everyone", vary: ["cookie", "x-a"] } });

    const { key, text } = await explained(kit, { headers: { cookie: "sid=1", "x-a": "b\n  outcome hit" } });

    expect(key?.vary).toEqual({ cookie: "(not shown)", "x-a": "b\n  outcome hit" });
    expect([text.includes("sid"), text.includes("b%0A  outcome hit")]).toEqual([false, true]);
  });

  it.each<[string, RouteOptions<Asked>, Record<string, string>, string | undefined]>([
    ["the route", { ttl: 5 }, { "cache-control": "max-age=9" }, "the route's ttl"],
    ["a function", { ttl: () => 5 }, {}, "the route's ttl function"],
    ["the status", { statuses: { 200: 5 } }, {}, "the route's lifetime for status 200"],
    ["s-maxage", {}, { "cache-control": "s-maxage=5" }, "s-maxage in the response's Cache-Control"],
    [
      "a targeted field",
      {},
      { "cdn-cache-control": "max-age=5" },
      "max-age in the response's CDN-Cache-Control",
    ],
    ["Expires", {}, { expires: "Thu, 01 Jan 2026 00:00:05 GMT" }, "the response's Expires"],
    ["nobody", {}, {}, "the default: the response states none"],
  ])("says that a lifetime came from %s", async (_, route, headers, source) => {
    const kit = kitOf({ route });
    kit.ask({}, { headers });

    expect((await explained(kit)).freshness?.from).toBe(source);
  });

  it("says nothing of where a lifetime came from that what is stored does not tell", async () => {
    const kit = kitOf();
    kit.ask({}, { earlier: { "cache-control": "max-age=5" } });

    const { freshness } = await explained(kit);

    expect(freshness).toEqual({ lifetime: 5, age: 0, remaining: 5 });
  });
});
