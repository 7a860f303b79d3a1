import { describe, expect, it } from "vitest";
import type { ExplainRequest, Explanation, RouteOptions } from "../../../src/index.ts";
import type { Decision } from "../../../src/adapter.ts";
import { stale } from "../../support/staged.ts";
import type { Staged } from "../../support/staged.ts";
import { answer, asyncStore, fillOf, kitOf, refresher, said, serveOf, settle } from "../../support/kit.ts";
import type { Asked, Kit } from "../../support/kit.ts";

function described({ method, headers = {} }: Asked): ExplainRequest {
  return { method, url: "http://example.org/reports", headers };
}

function explained(kit: Staged, asked: Asked = {}): Promise<Explanation> {
  return kit.cache.explain(described(asked));
}

/** What a cache says it would do, and what it then does once `meanwhile` has happened: each as outcome and status. */
async function toldAndDone(
  kit: Staged,
  asked: Asked = {},
  meanwhile: () => void = () => undefined,
): Promise<{ readonly told: readonly string[]; readonly done: readonly (string | undefined)[] }> {
  const { outcome, cacheStatus } = await explained(kit, asked);
  let decision: Decision | undefined;
  void Promise.resolve(kit.begin({ ...kit.asked, ...asked })).then((decided) => (decision = decided));
  await settle();
  meanwhile();
  await settle();
  const served = serveOf(decision!);
  return { told: [outcome, cacheStatus], done: [served.outcome, said(served.reply, "cache-status")] };
}

describe("what is told of a stale response is what then happens", () => {
  it.each<[string, Asked]>([
    ["GET", {}],
    ["HEAD", { method: "HEAD" }],
    ["a client that accepts it", { headers: { "cache-control": "max-stale=20" } }],
  ])("within stale-while-revalidate, for %s", async (_, asked) => {
    const kit = stale({ staleWhileRevalidate: 30, requestDirectives: true }, 70);

    const { told, done } = await toldAndDone(kit, asked);

    expect(told[1]).toBe("caching-route;hit;ttl=-10");
    expect(done).toEqual(told);
  });

  it("within stale-while-revalidate, after a failure", async () => {
    const kit = stale({ staleWhileRevalidate: 30 }, 70);
    kit.textNow();
    kit.fills[0]!.abandon("failed");

    const { told, done } = await toldAndDone(kit);

    expect(done).toEqual(told);
    expect(kit.fills.length).toBe(1);
  });

  it("for a client that demands better, and runs the handler", async () => {
    const kit = stale({ staleWhileRevalidate: 30, requestDirectives: true }, 70);
    const asked = { headers: { "cache-control": "max-age=10" } };

    const { outcome, reason } = await explained(kit, asked);

    expect([outcome, reason]).toEqual(["miss", "stale"]);
    expect(kit.now({ ...kit.asked, ...asked }).kind).toBe("fill");
  });

  it("within stale-if-error, where the handler answers", async () => {
    const kit = stale({ staleIfError: 30 }, 70);

    const { told, done } = await toldAndDone(kit, {}, () => void answer(kit.fills[0]!, { body: "new" }));

    expect(told).toEqual(["miss", "caching-route;fwd=stale"]);
    expect(done).toEqual(["miss", `${told[1]!};stored`]);
  });

  it("within stale-if-error, while the handler is running for another request", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    void kit.begin(kit.asked);

    const { told, done } = await toldAndDone(kit, {}, () => void answer(kit.fills[0]!, { body: "new" }));

    expect(told).toEqual(["collapsed", "caching-route;fwd=stale;collapsed"]);
    expect([done, kit.fills.length]).toEqual([told, 1]);
  });

  it("without a window, while the handler is running for another request", async () => {
    const kit = stale({ revalidate: true }, 70, { headers: { etag: '"a"' } });
    const leader = fillOf(kit.now());

    const { told, done } = await toldAndDone(kit, {}, () => void answer(leader, { body: "new" }));

    expect(told).toEqual(["collapsed", "caching-route;fwd=stale;collapsed"]);
    expect(done).toEqual(told);
  });

  it("within stale-if-error, while the handler is left alone after a failure", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    void kit.begin(kit.asked);
    kit.fills[0]!.abandon("failed");

    const { told, done } = await toldAndDone(kit);

    expect(told).toEqual(["stale", "caching-route;fwd=stale;detail=failed"]);
    expect([done, kit.fills.length]).toEqual([told, 1]);
  });
});

describe("a request that may not wait is told what then happens: it", () => {
  it.each<[string, RouteOptions<Asked>]>([
    ["maxWait is 0", { maxWait: 0 }],
    ["maxWaiters is 0", { maxWaiters: 0 }],
  ])("runs the handler beside a run under way, where %s", async (_, route) => {
    const kit = kitOf({ route });
    kit.now();

    const { outcome, text } = await kit.cache.explain(described({}));
    const decision = kit.now();

    expect([outcome, decision.kind]).toEqual(["miss", "fill"]);
    expect(text).toContain("maxWait or maxWaiters keeps the request from waiting for it.");
  });

  it.each<[string, RouteOptions<Asked>]>([
    ["maxWait is 0", { staleIfError: 30, maxWait: 0 }],
    ["maxWaiters is 0", { staleIfError: 30, maxWaiters: 0 }],
  ])("is served stale within stale-if-error, and the handler runs, where %s", async (_, route) => {
    const kit = stale(route, 70);

    const first = await toldAndDone(kit);
    const second = await toldAndDone(kit);

    expect(first.told).toEqual(["stale", "caching-route;fwd=stale;detail=timeout"]);
    expect([first.done, second.done]).toEqual([first.told, second.told]);
    expect(kit.fills.length).toBe(1);
  });
});

describe("a request during a purge is told what then happens", () => {
  it("runs the handler, though the store still returns what is being removed", async () => {
    const store = asyncStore();
    const removing = { ...store, delete: () => new Promise<number>(() => undefined) };
    const kit = kitOf({ cache: { store: removing, storeTimeout: 60 }, route: { key: () => "k" } });
    answer(fillOf(await kit.begin()), { body: "purged" });
    void kit.cache.invalidate("k");

    const { outcome } = await kit.cache.explain({ ...described({}), native: {} });
    const decision = await kit.begin();

    expect([outcome, decision.kind]).toEqual(["miss", "fill"]);
  });
});

describe("an early refresh is told as it then happens: it", () => {
  function nearEnd(route: RouteOptions<Asked>, asked: Asked = {}): Kit {
    const kit = kitOf({ cache: { random: () => 0.999 }, route: { ttl: 60, earlyRefresh: 1, ...route } });
    const leader = fillOf(kit.now(asked));
    kit.clock.advance(1);
    answer(leader, { body: "old" });
    kit.clock.advance(58);
    return kit;
  }

  it("runs in the background, with the chance that is told", async () => {
    const kit = nearEnd({});
    const { fills, refresh } = refresher();

    const { outcome, text } = await kit.cache.explain(described({}));
    const decision = serveOf(kit.now({ refresh }));

    expect([outcome, decision.outcome, fills.length]).toEqual(["hit", "hit", 1]);
    expect(text).toContain("in 14 of 100 cases the handler runs in the background (earlyRefresh).");
  });

  it("is told as certain only where it is", async () => {
    const kit = nearEnd({ requestDirectives: true, staleIfError: 60 });
    kit.clock.advance(1.999);

    const before = await kit.cache.explain(described({}));
    kit.clock.advance(0.001);
    const after = await kit.cache.explain(described({ headers: { "cache-control": "max-stale" } }));

    expect(before.text).toContain("in 99 of 100 cases the handler runs in the background (earlyRefresh).");
    expect(after.text).toContain("in 100 of 100 cases the handler runs in the background (earlyRefresh).");
  });

  it("does not run while another is under way", async () => {
    const kit = nearEnd({});
    const { fills, refresh } = refresher();
    kit.now({ refresh });

    const { text } = await kit.cache.explain(described({}));
    kit.now({ refresh });

    expect(text).toContain("the handler does not run.");
    expect(fills.length).toBe(1);
  });

  it("does not run for a request whose content a body parser has read", async () => {
    const asked = { method: "POST", content: "a" };
    const kit = nearEnd({ methods: ["POST"] }, asked);

    const { text } = await kit.cache.explain({ ...described(asked), content: "a" });

    expect([serveOf(kit.now(asked)).outcome, kit.cache.stats().refreshes]).toEqual(["hit", 0]);
    expect(text).toContain("the handler does not run.");
  });
});
