import { afterEach, describe, expect, it, vi } from "vitest";
import { createCache, memoryStore } from "../../src/index.ts";
import type { OnError } from "../../src/index.ts";
import { chaosStore } from "../../src/testing/chaos-store.ts";
import type { ChaosStore } from "../../src/testing/chaos-store.ts";
import { answer, fillOf, kitOf, settle, textOf } from "../support/kit.ts";
import type { Kit } from "../support/kit.ts";

afterEach(() => vi.restoreAllMocks());

interface Site extends Kit {
  readonly store: ChaosStore;
  readonly onError: ReturnType<typeof vi.fn<OnError>>;
  /** This many requests, one after the other. Returns how many were hits. */
  hits(count: number): Promise<number>;
}

/** A route with one stored response. */
async function siteOf(): Promise<Site> {
  const store = chaosStore(memoryStore());
  const onError = vi.fn<OnError>();
  const kit = kitOf({ cache: { store, onError }, route: { ttl: 3600 } });
  const hits = async (count: number): Promise<number> => {
    let served = 0;
    for (let n = 0; n < count; n++) {
      const decision = await kit.begin();
      if (decision.kind === "serve") served++;
      else answer(fillOf(decision), { body: "made" });
      await settle();
    }
    return served;
  };
  await hits(1);
  return { ...kit, store, onError, hits };
}

function down(site: Site): Promise<number> {
  site.store.mode = "reject";
  return site.hits(10);
}

describe("a store that is down", () => {
  it("fails no request, and calls it for the first five alone", async () => {
    const site = await siteOf();
    const served = await down(site);

    expect([served, site.cache.stats().store.state]).toEqual([0, "down"]);
    // Five lookups and four writes, besides those of the first request: what nobody can read is not written.
    expect([site.store.count("get"), site.store.count("set")]).toEqual([1 + 5, 1 + 4]);
  });

  it("is told once to onError, and so is that it works again", async () => {
    const site = await siteOf();
    site.store.only = ["get"];
    await down(site);
    site.store.mode = "calm";
    site.clock.advance(0.5);
    await site.hits(3);

    expect(site.onError.mock.calls.map(([, failure]) => failure.operation)).toEqual([
      ...Array.from({ length: 5 }, () => "get"),
      "suspend",
      "resume",
    ]);
    expect(site.onError.mock.calls.slice(5)).toEqual([
      [
        expect.objectContaining({
          code: "ERR_CACHE_STORE_DOWN",
          message: expect.stringContaining("failed five times in a row"),
          cause: expect.any(Error),
        }),
        { operation: "suspend", store: "chaos(memory)", calls: "reads" },
      ],
      [
        expect.objectContaining({
          code: "ERR_CACHE_STORE_UP",
          message: expect.stringContaining("there were no lookups for 0.5 seconds"),
        }),
        { operation: "resume", store: "chaos(memory)", calls: "reads" },
      ],
    ]);
  });

  it("serves hits again once it works", async () => {
    const site = await siteOf();
    await down(site);
    site.store.mode = "calm";
    site.clock.advance(0.5);

    expect([await site.hits(4), site.cache.stats().store.state]).toEqual([4, "up"]);
  });

  it("makes explain tell that it is not asked", async () => {
    const site = await siteOf();
    await down(site);
    const calls = site.store.log.length;
    const { outcome, text } = await site.cache.explain({ url: "http://example.org/reports" });

    expect([outcome, site.store.log.length]).toEqual(["miss", calls]);
    expect(text).toContain("failed five times in a row");
  });

  it("has its own lines on the console, between those of failures", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const store = chaosStore(memoryStore(), { mode: "reject", only: ["get"] });
    const kit = kitOf({ cache: { store } });
    for (let n = 0; n < 8; n++) answer(fillOf(await kit.begin({ target: `/reports?n=${n}` })));
    store.mode = "calm";
    kit.clock.advance(0.5);
    await kit.begin();

    expect(warn.mock.calls.map(([line]) => String(line))).toEqual([
      expect.stringContaining("the store chaos(memory) failed to get (1 so far"),
      expect.stringContaining("failed five times in a row"),
      expect.stringContaining("the store chaos(memory) works again"),
    ]);
  });

  it("has no line for its return where none was printed for its failure", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const store = chaosStore(memoryStore(), { only: ["get"] });
    const kit = kitOf({ cache: { store } });
    const fall = async (): Promise<void> => {
      store.mode = "reject";
      for (let n = 0; n < 5; n++) answer(fillOf(await kit.begin({ target: `/reports?n=${n}` })));
      store.mode = "calm";
      kit.clock.advance(0.5);
      await kit.begin({ target: "/reports?n=0" });
    };
    await fall();
    await fall();
    const lines = warn.mock.calls.map(([line]) => String(line));

    expect(lines.filter((line) => line.includes("works again"))).toHaveLength(1);
  });
});

describe("a closed cache", () => {
  it("serves every request as a miss, and stores nothing", async () => {
    const site = await siteOf();
    await site.cache.close();
    const calls = site.store.log.length;

    expect([await site.hits(3), site.store.log.length, site.cache.stats().store.state]).toEqual([
      0,
      calls,
      "down",
    ]);
  });

  it("still shares one run of the handler among all who ask at once", async () => {
    const site = await siteOf();
    await site.cache.close();
    const leader = fillOf(await site.begin());
    const follower = site.begin();
    answer(leader, { body: "shared" });
    const decision = await follower;

    expect(decision.kind === "serve" && textOf(decision.reply)).toBe("shared");
  });

  it("has no timer left, and may be closed again", async () => {
    const site = await siteOf();
    await Promise.all([site.cache.close(), site.cache.close()]);
    await site.cache.close();

    expect([site.clock.pending, site.onError.mock.calls]).toEqual([0, []]);
  });

  it("throws from none of its methods", async () => {
    const { cache } = await siteOf();
    await cache.close();

    expect(await cache.get("k")).toBeUndefined();
    expect(await cache.set("k", { body: "x" })).toBe(false);
    expect(await cache.invalidate("k")).toEqual({ everywhere: true });
    expect(await cache.invalidate({ tag: "t" })).toEqual({ everywhere: true });
    expect(await cache.clear()).toEqual({ everywhere: true });
  });

  it("leaves other caches on the store as they are", async () => {
    const store = memoryStore();
    const [one, other] = [createCache({ store }), createCache({ store })];
    await other.set("k", { body: "x" });
    await one.close();

    expect((await other.get("k"))?.body).toEqual(new TextEncoder().encode("x"));
  });
});
