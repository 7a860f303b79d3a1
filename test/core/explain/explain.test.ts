import { describe, expect, it } from "vitest";
import type { ExplainRequest, Explanation, Store } from "../../../src/index.ts";
import { engineOf } from "../../../src/adapter.ts";
import { asyncStore, bypassOf, fillOf, kitOf, openWith, requestOf, said } from "../../support/kit.ts";
import type { Asked, Kit, KitOptions } from "../../support/kit.ts";

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
    expect(explanation.text).toContain("The handler runs and sees if-none-match");
    expect(explanation.text).toContain(
      "lifetime 60 s (the default: the response states none) - age 61 s = stale for 1 s",
    );
    expect(await toldAndDone(kit, {})).toEqual([explanation.cacheStatus, explanation.cacheStatus]);
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
