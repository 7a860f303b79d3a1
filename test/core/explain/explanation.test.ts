import { describe, expect, it } from "vitest";
import type { ExplainRequest, Explanation, RouteOptions, Store } from "../../../src/index.ts";
import { engineOf } from "../../../src/adapter.ts";
import { asyncStore, bypassOf, fillOf, kitOf, openWith, requestOf, said } from "../../support/kit.ts";
import type { Asked, Kit, KitOptions } from "../../support/kit.ts";

const URL = "http://example.org/reports";

/** The same request, as the core is asked it and as it is described. */
function described(asked: Asked): ExplainRequest {
  const { method, target = "/reports", headers = {}, content } = asked;
  return { method, url: `http://example.org${target}`, headers, content, native: asked };
}

/** What a cache says it would do, and what it then does, in the words of `Cache-Status`. */
async function toldAndDone(kit: Kit, asked: Asked): Promise<readonly (string | undefined)[]> {
  const { cacheStatus } = await kit.cache.explain(described(asked), { route: "GET /reports" });
  const decision = kit.now(asked);
  const message =
    decision.kind === "serve"
      ? decision.reply
      : decision.kind === "bypass"
        ? decision
        : openWith(fillOf(decision), { status: 404 }).stream();
  const done = said(message, "cache-status")?.replace(/;fwd-status=404|;detail=(status|no-store)/g, "");
  return [cacheStatus, done];
}

function explained(kit: Kit, asked: Asked = {}): Promise<Explanation> {
  return kit.cache.explain(described(asked));
}

describe("an explanation says what then happens", () => {
  const fr: Asked = { headers: { "accept-language": "fr" } };
  const options: KitOptions = {
    cache: { cacheStatus: { key: true } },
    route: { requestDirectives: true, methods: ["GET", "POST"], revalidate: true, query: ["page"] },
  };

  it.each<[string, Asked, string]>([
    ["a hit", {}, "caching-route;hit;ttl=60;key="],
    ["a hit for HEAD", { method: "HEAD" }, "caching-route;hit;ttl=60;key="],
    [
      "a hit where what differs does not count",
      { target: "/reports?utm=1" },
      "caching-route;hit;ttl=60;key=",
    ],
    ["nothing stored", { target: "/reports?page=2" }, "caching-route;fwd=uri-miss;key="],
    ["nothing stored for HEAD", { method: "HEAD", target: "/other" }, "caching-route;fwd=uri-miss;key="],
    ["nothing stored for this variant", fr, "caching-route;fwd=vary-miss;key="],
    [
      "a client that wants no stored response",
      { headers: { "cache-control": "no-cache" } },
      "caching-route;fwd=request;key=",
    ],
    [
      "a client that wants nothing else",
      { target: "/other", headers: { "cache-control": "only-if-cached" } },
      "caching-route;key=",
    ],
    [
      "content that is not at hand",
      { method: "POST", headers: { "content-length": "5" } },
      "caching-route;fwd=bypass;detail=content",
    ],
    ["content", { method: "POST", content: "a" }, "caching-route;fwd=uri-miss;key="],
    ["credentials", { headers: { cookie: "a=1" } }, "caching-route;fwd=bypass;detail=credentials"],
    ["another method", { method: "DELETE" }, "caching-route;fwd=method;detail=method"],
  ])("for %s", async (_, asked, expected) => {
    const kit = kitOf(options);
    kit.ask({}, { headers: { vary: "accept-language" } });

    const [told, done] = await toldAndDone(kit, asked);

    expect(told).toContain(expected);
    expect(done).toBe(told);
  });

  it("for a response that has gone stale", async () => {
    const kit = kitOf(options);
    kit.ask({}, { headers: { etag: '"a"' } });
    kit.clock.advance(61);

    const explanation = await explained(kit);

    expect(explanation).toMatchObject({ outcome: "miss", reason: "stale", freshness: { remaining: -1 } });
    expect(explanation.text).toContain("The handler runs and is shown if-none-match");
    expect(explanation.text).toContain(
      "lifetime 60 s (the default: the response states none) - age 61 s = stale for 1 s",
    );
    expect(await toldAndDone(kit, {})).toEqual([explanation.cacheStatus, explanation.cacheStatus]);
  });
});

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
      "  says      Cache-Status: caching-route;hit;ttl=78",
    ]);
  });

  it("of a bypass tells the refusal and what to write", async () => {
    const { outcome, reason, remedy, key, text } = await explained(kitOf(), { headers: { cookie: "a=1" } });

    expect([outcome, reason, key]).toEqual(["bypass", "credentials", undefined]);
    expect(remedy).toContain('scope: "everyone"');
    expect(text).toContain("the request carried credentials");
    expect(text).toContain(`  remedy    ${remedy}`);
  });

  it("of a bypass by credentials says by which, and none of their values", async () => {
    const asked = { url: "/reports", headers: { "X-Api-Key": "s3cret", cookie: "a=1" }, certificate: true };

    const { outcome, reason, text } = await kitOf().cache.explain(asked);

    expect([outcome, reason]).toEqual(["bypass", "credentials"]);
    expect(text).toContain("It carries a client certificate, cookie, x-api-key.");
    expect(text).not.toContain("s3cret");
  });

  it("does not show the value of a field that the route names among the credentials", async () => {
    const kit = kitOf({
      route: { scope: "everyone", credentials: ["x-tenant-key"], vary: ["x-tenant-key"] },
    });

    const { text } = await explained(kit, { headers: { "x-tenant-key": "s3cret" } });

    expect(text).toContain("varies by x-tenant-key: (not shown)");
  });

  it("of a request that would wait says so, and makes nobody wait", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());

    const { outcome, cacheStatus } = await explained(kit);

    expect([outcome, cacheStatus]).toEqual(["collapsed", "caching-route;fwd=uri-miss;collapsed"]);
    expect(leader.open({ status: 200, fields: [] }).storable).toBe(true);
  });

  it("tells why the last response was not stored, and the remedy", async () => {
    const kit = kitOf();
    kit.ask({}, { headers: { "set-cookie": "a=1" } });

    const { outcome, reason, remedy, text, cacheStatus } = await explained(kit);

    expect([outcome, reason, cacheStatus]).toEqual(["miss", "uncacheable", "caching-route;fwd=uri-miss"]);
    expect(remedy).toContain('setCookie: "strip"');
    expect(text).toContain("was not stored (set-cookie: the response carries Set-Cookie)");
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

  it("says which functions of the route it could not ask", async () => {
    const { cache } = kitOf({ route: { key: () => "a", scope: () => "ann" } });

    const { outcome, reason, text, cacheStatus } = await cache.explain({ url: URL });

    expect([outcome, reason, cacheStatus]).toEqual(["unknown", "native", ""]);
    expect(text).toContain('The key depends on what the route\'s function "key" and "scope" answers.');
    expect(text).toContain("native: request");
  });

  it("says that the request would fail where such a function answers no name", async () => {
    const { outcome, text } = await explained(kitOf({ route: { key: () => "" } }));

    expect(outcome).toBe("failed");
    expect(text).toContain('the function given as "key" returned ""');
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

describe("explaining", () => {
  it("changes nothing: no counter, no report, no flight, no memory of names", async () => {
    const told: unknown[] = [];
    const kit = kitOf({ cache: { reporter: (report) => told.push(report) } });
    const before = kit.cache.stats();

    await explained(kit);
    await explained(kit, { headers: { cookie: "a=1" } });
    await kit.cache.explain({ url: "http://other.example/reports" });

    expect([kit.cache.stats(), told, kit.policy.targets.origins()]).toEqual([before, [], []]);
    expect(fillOf(kit.now()).kind).toBe("fill");
  });

  it("works with a store that answers by promises", async () => {
    const kit = kitOf({ cache: { store: asyncStore() } });
    const [miss] = [fillOf(await kit.begin())];
    miss.open({ status: 200, fields: [] }).complete("report");

    expect((await explained(kit)).outcome).toBe("hit");
  });

  it("tells of a store that fails, and nobody else", async () => {
    const heard: unknown[] = [];
    const down: Store = { ...asyncStore(), get: () => Promise.reject(new Error("no route to host")) };
    const kit = kitOf({ cache: { store: down, onError: (error) => heard.push(error) } });

    const { outcome, text } = await explained(kit);

    expect([outcome, heard, kit.cache.stats().storeErrors]).toEqual(["miss", [], 0]);
    expect(text).toContain("The store failed: no route to host.");
  });

  it("agrees with an engine on a request that is not looked up", async () => {
    const kit = kitOf();
    const asked = { headers: { authorization: "Bearer x" } };

    const { reason } = await explained(kit, asked);

    expect(bypassOf(await engineOf(kit.cache).begin(requestOf(asked), kit.policy)).reason).toBe(reason);
  });
});
