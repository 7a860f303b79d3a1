import { describe, expect, it } from "vitest";
import type { Explanation } from "../../../src/index.ts";
import { fillOf, kitOf } from "../../support/kit.ts";
import type { Asked, Kit } from "../../support/kit.ts";
import { stale } from "../../support/staged.ts";

const URL = "http://example.org/reports";

function explained({ cache }: Pick<Kit, "cache">, asked: Asked = {}): Promise<Explanation> {
  return cache.explain({ url: URL, ...asked, native: asked });
}

describe("an explanation", () => {
  it("of a bypass tells the refusal and what to write", async () => {
    const { outcome, reason, remedy, key, text } = await explained(kitOf(), { headers: { cookie: "a=1" } });

    expect([outcome, reason, key]).toEqual(["bypass", "credentials", undefined]);
    expect(remedy).toContain('scope: "everyone"');
    expect(text).toContain("the request had credentials");
    expect(text).toContain(`  remedy    ${remedy}`);
  });

  it("of a bypass by credentials says by which, and none of their values", async () => {
    const asked = { url: "/reports", headers: { "X-Api-Key": "s3cret", cookie: "a=1" }, certificate: true };

    const { outcome, reason, text } = await kitOf().cache.explain(asked);

    expect([outcome, reason]).toEqual(["bypass", "credentials"]);
    expect(text).toContain("It carries a client certificate, cookie, x-api-key.");
    expect(text).not.toContain("s3cret");
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
    expect(text).toContain("was not stored (set-cookie: the response has Set-Cookie)");
  });

  it("tells the remedy for a private response that fits the route's scope", async () => {
    const remedies = [{}, { scope: (): string => "ann" }].map(async (route) => {
      const kit = kitOf({ route });
      kit.ask({}, { headers: { "cache-control": "private" } });
      return (await explained(kit)).remedy;
    });

    expect(await Promise.all(remedies)).toEqual([
      expect.stringMatching(/^send public in its place/),
      expect.stringMatching(/^leave it out: the scope function/),
    ]);
  });

  it("says which functions of the route it could not ask", async () => {
    const { cache } = kitOf({ route: { key: () => "a", scope: () => "ann" } });

    const { outcome, reason, text, cacheStatus } = await cache.explain({ url: URL });

    expect([outcome, reason, cacheStatus]).toEqual(["unknown", "native", ""]);
    expect(text).toContain('the route\'s "key" and "scope" can only be called with');
    expect(text).toContain("native: request");
  });

  it("says that the request would fail where such a function answers no name", async () => {
    const { outcome, text } = await explained(kitOf({ route: { key: () => "" } }));

    expect(outcome).toBe("failed");
    expect(text).toContain('the function given as "key" returned ""');
  });
});

describe("an explanation of a stale response", () => {
  it("within stale-while-revalidate says that it is served at once, and refreshed once in the background", async () => {
    const kit = stale({ staleWhileRevalidate: 30 }, 70);

    const { text, ...data } = await explained(kit);

    expect(data).toMatchObject({
      outcome: "stale",
      freshness: { lifetime: 60, age: 70, remaining: -10 },
      cacheStatus: "caching-route;hit;ttl=-10",
    });
    expect(data).not.toHaveProperty("reason");
    expect(text.split("\n").slice(0, 3)).toEqual([
      "GET http://example.org/reports: stale",
      "  The stored response is stale and within its stale-while-revalidate window: it is served.",
      "  The handler runs once in the background.",
    ]);
    expect(text).toContain("lifetime 60 s (the route's ttl) - age 70 s = stale for 10 s");
    expect([kit.fills.length, kit.cache.stats().refreshes]).toEqual([0, 0]);
  });

  it("that is being refreshed says that the handler is not run again", async () => {
    const kit = stale({ staleWhileRevalidate: 30 }, 70);
    kit.textNow();

    const { outcome, text } = await explained(kit);

    expect(outcome).toBe("stale");
    expect(text).toContain("The handler is running for this key already, or failed a moment ago");
  });

  it("whose refresh has failed says so for as long as the next one waits", async () => {
    const kit = stale({ staleWhileRevalidate: 300 }, 70);
    kit.textNow();
    kit.fills[0]!.abandon("failed");

    const during = await explained(kit);
    kit.clock.advance(1);
    const after = await explained(kit);

    expect(during.text).toContain("it is not run again yet");
    expect(after.text).toContain("The handler runs once in the background.");
  });

  it("within stale-if-error says that the handler is asked first", async () => {
    const kit = stale({ staleIfError: 30 }, 70);

    const { outcome, reason, text, cacheStatus } = await explained(kit);

    expect([outcome, reason, cacheStatus]).toEqual(["miss", "stale", "caching-route;fwd=stale"]);
    expect(text).toContain("The stored response is stale and within its stale-if-error window.");
    expect(text).toContain(
      "The handler runs without this client, which is served the stored response if it fails.",
    );
  });

  it("within stale-if-error, after a failure, says that the handler is not asked yet", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    void kit.begin(kit.asked);
    kit.fills[0]!.abandon("failed");

    const { outcome, text, cacheStatus } = await explained(kit);

    expect([outcome, cacheStatus]).toEqual(["stale", "caching-route;fwd=stale;detail=failed"]);
    expect(text).toContain("The handler failed a moment ago: it is not run again yet.");
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ["after its windows", {}, 90],
    ["vetoed by must-revalidate", { "cache-control": "must-revalidate" }, 70],
  ])("%s is a plain miss", async (_, headers, age) => {
    const kit = stale({ staleWhileRevalidate: 30, staleIfError: 30, revalidate: true }, age, {
      headers: { etag: '"a"', ...headers },
    });

    const { outcome, reason, text } = await explained(kit);

    expect([outcome, reason]).toEqual(["miss", "stale"]);
    expect(text).toContain("The stored response is stale.\n  The handler runs and sees if-none-match");
  });
});
