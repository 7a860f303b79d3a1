import { describe, expect, it } from "vitest";
import type { Cache, RouteOptions, Which } from "../../src/index.ts";
import { engineOf } from "../../src/adapter.ts";
import { answer, fillOf, openWith, said, serveOf, settle } from "../support/kit.ts";
import type { Asked } from "../support/kit.ts";
import { nodeOn, nodesOn, SharedServer } from "../support/shared-store.ts";
import type { SharedNode } from "../support/shared-store.ts";

const ROUTE: RouteOptions<Asked> = { ttl: 3600, tags: ["todos"], namespace: "lists", key: () => "list" };

async function twoNodes(
  route: RouteOptions<Asked> = ROUTE,
): Promise<readonly [SharedNode, SharedNode, SharedServer]> {
  const server = new SharedServer();
  const [one, other] = (await nodesOn(server, 2, route)) as [SharedNode, SharedNode];
  return [one, other, server];
}

describe("what one process invalidates", () => {
  it.each<[string, (cache: Cache) => Promise<unknown>]>([
    ["a tag", (cache) => cache.invalidate({ tag: "todos" })],
    ["a route", (cache) => cache.invalidate({ route: "/reports" })],
    ["a namespace", (cache) => cache.invalidate({ namespace: "lists" })],
    ["a key", (cache) => cache.invalidate("list", { namespace: "lists" })],
    ["everything", (cache) => cache.clear()],
  ])("is gone for another: %s", async (_what, invalidate) => {
    const [one, other] = await twoNodes();
    const before = [await one.ask(), await other.ask()];

    await invalidate(one.cache);
    other.clock.advance(0.051);

    expect([before, await other.ask(), await one.ask(), await other.ask()]).toEqual([
      ["miss", "hit"],
      "miss",
      "hit",
      "hit",
    ]);
  });

  it("is gone for another by its URL", async () => {
    const [one, other] = await twoNodes({ ttl: 3600 });
    await one.ask();

    await one.cache.invalidate({ url: "/reports" });
    other.clock.advance(0.051);

    expect(await other.ask()).toBe("miss");
  });

  it.each<Which | string>(["list", { tag: "todos" }, { route: "/reports" }])(
    "is stale for another: %j, softly",
    async (which) => {
      const [one, other] = await twoNodes({ ...ROUTE, namespace: "", staleWhileRevalidate: 60 });
      await one.ask();

      await one.cache.invalidate(which as Which, { soft: true });
      other.clock.advance(1);

      expect(serveOf(await other.begin({ refresh: () => undefined })).outcome).toBe("stale");
    },
  );

  it("is softly everything", async () => {
    const [one, other] = await twoNodes({ ...ROUTE, staleWhileRevalidate: 60 });
    await one.ask();

    await one.cache.clear({ soft: true });
    other.clock.advance(1);

    expect(serveOf(await other.begin({ refresh: () => undefined })).outcome).toBe("stale");
  });

  it("is told with what was removed, and that it holds everywhere", async () => {
    const [one, other] = await twoNodes();
    await one.ask();

    const told = [
      await other.cache.invalidate({ tag: "todos" }),
      await other.cache.invalidate("list", { namespace: "lists" }),
      await other.cache.clear(),
    ];

    expect(told).toEqual([{ everywhere: true }, { removed: 1, everywhere: true }, { everywhere: true }]);
  });

  it("is dead for a process that starts later", async () => {
    const [one, , server] = await twoNodes();
    const fill = fillOf(await one.begin());
    await one.cache.invalidate({ tag: "todos" });
    answer(fill);
    await settle();

    expect(await nodeOn(server, ROUTE).ask()).toBe("miss");
  });

  it("is gone before the first byte of a write's response", async () => {
    const [one, other] = await twoNodes();
    await one.ask();
    other.store.link = "stalled";
    const invalidate = engineOf(other.cache).invalidates(["todos"], { route: "POST /todos", option: "tags" });

    let isSent = false;
    const sent = Promise.resolve(invalidate({ status: 201 })).then(() => (isSent = true));
    await settle();
    const before = isSent;
    other.store.link = "up";
    other.store.release();
    await sent;
    one.clock.advance(0.051);

    expect([before, await one.ask()]).toEqual([false, "miss"]);
  });

  it("is gone by an unsafe request, with its groups", async () => {
    const route = { ttl: 3600, invalidateOnUnsafe: true };
    const [one, other] = await twoNodes(route);
    const headers = { "cache-groups": '"users"' };
    await one.ask({ target: "/a" }, { headers });
    await one.ask({ target: "/b" });
    await one.ask({ target: "/c" });

    const fill = fillOf(await other.begin({ method: "POST", target: "/b" }));
    openWith(fill, { headers: { "cache-group-invalidation": '"users"' } }).complete("done");
    await settle();
    one.clock.advance(0.051);

    expect([
      await one.ask({ target: "/a" }),
      await one.ask({ target: "/b" }),
      await one.ask({ target: "/c" }),
    ]).toEqual(["miss", "miss", "hit"]);
  });

  it("is found by tags that were stored by hand", async () => {
    const [one, other] = await twoNodes();
    await one.cache.set("list", { body: "[]" }, { namespace: "lists", tags: ["todos"] });
    await other.cache.invalidate({ tag: "todos" });
    one.clock.advance(0.051);

    expect(await one.cache.get("list", { namespace: "lists" })).toBeUndefined();
  });
});

describe("a fill that began before another process has invalidated", () => {
  it.each<[string, (cache: Cache) => Promise<unknown>]>([
    ["a tag", (cache) => cache.invalidate({ tag: "todos" })],
    ["its key", (cache) => cache.invalidate("list", { namespace: "lists" })],
    ["everything", (cache) => cache.clear()],
  ])("is not served from the store: %s", async (_what, invalidate) => {
    const [one, other] = await twoNodes();
    const fill = fillOf(await one.begin());
    await invalidate(other.cache);

    answer(fill);
    await settle();
    const served = [await other.ask()];
    one.clock.advance(0.051);

    expect([served, await one.ask()]).toEqual([["miss"], "hit"]);
  });

  it("is refused where this process has heard of it, and shared with nobody who comes then", async () => {
    const [one, other] = await twoNodes();
    const fill = fillOf(await one.begin());
    await other.cache.invalidate("list", { namespace: "lists" });
    one.clock.advance(0.051);
    const late = one.begin();
    await settle();

    const reply = answer(fill);

    expect([said(reply, "cache-status"), (await late).kind]).toEqual([
      "caching-route;fwd=uri-miss;fwd-status=200;detail=purged",
      "fill",
    ]);
  });

  it("is not stored where a guard has read before", async () => {
    const [one, other] = await twoNodes();
    const arrivedAt = one.arrive();
    await settle();
    await other.cache.invalidate({ tag: "todos" });
    one.clock.advance(1);

    const reply = answer(fillOf(await one.begin({}, arrivedAt)));

    expect(said(reply, "cache-status")).toContain("detail=purged");
  });

  it("is stored where its request has come after it, though this process hears of it only now", async () => {
    const [one, other] = await twoNodes();
    await other.cache.invalidate({ tag: "todos" });

    expect([await one.ask(), await one.ask()]).toEqual(["miss", "hit"]);
  });

  it("is not stored if it takes longer than 10 minutes, for which removals are remembered", async () => {
    const [one] = await twoNodes({ ...ROUTE, ttl: 36_000 });
    const fill = fillOf(await one.begin());
    one.clock.advance(601);

    const reply = answer(fill);

    expect(said(reply, "cache-status")).toContain("detail=timeout");
  });
});

describe("if the store fails,", () => {
  it.each<[string, (cache: Cache) => Promise<unknown>]>([
    ["a tag", (cache) => cache.invalidate({ tag: "todos" })],
    ["a key", (cache) => cache.invalidate("list", { namespace: "lists" })],
    ["everything", (cache) => cache.clear()],
  ])("what is invalidated is dead here, and elsewhere as soon as it can: %s", async (_what, invalidate) => {
    const [one, other] = await twoNodes();
    await one.ask();
    one.store.link = "marks-cut";
    const told = await invalidate(one.cache);
    const here = (await one.begin()).kind;
    one.store.link = "up";
    await one.pass(0.5);
    other.clock.advance(0.051);

    expect([told, here, await other.ask()]).toEqual([{ everywhere: false }, "fill", "miss"]);
  });

  it("what is invalidated by a key is dead everywhere, though it is not removed yet", async () => {
    const [one, other] = await twoNodes();
    await one.ask();
    one.store.link = "removals-cut";
    const told = await one.cache.invalidate("list", { namespace: "lists" });
    other.clock.advance(0.051);
    const outcome = (await other.begin()).kind;
    one.store.link = "up";
    await one.pass(0.5);

    expect([told, outcome, one.cache.stats().store.pending]).toEqual([{ everywhere: true }, "fill", 0]);
    expect(await other.cache.get("list", { namespace: "lists" })).toBeUndefined();
  });

  it("an invalidation ends with the deadline", async () => {
    const [one] = await twoNodes();
    one.store.link = "stalled";
    const told = [
      one.cache.invalidate({ tag: "todos" }),
      one.cache.invalidate("list", { namespace: "lists" }),
      one.cache.clear(),
    ];
    await settle();
    one.clock.advance(1);

    expect(await Promise.all(told)).toEqual([
      { everywhere: false },
      { everywhere: false },
      { everywhere: false },
    ]);
  });

  it("a process that was cut off during 1,000 invalidations catches up with its first lookup", async () => {
    const tags = ({ target }: Asked): readonly string[] => [target ?? ""];
    const [one, other] = await twoNodes({ ttl: 36_000, tags });
    const targets = Array.from({ length: 1000 }, (_, index) => `/${index}`);
    for (const target of targets) await other.ask({ target });
    other.store.link = "cut";
    for (const target of targets) await one.cache.invalidate({ tag: target });
    other.clock.advance(1);
    await other.begin();
    other.store.link = "up";
    other.clock.advance(3600);

    const outcomes = await Promise.all(targets.map(async (target) => (await other.begin({ target })).kind));

    expect(new Set(outcomes)).toEqual(new Set(["fill"]));
  });

  it("what is stored is served for `blind` seconds, and not after", async () => {
    const server = new SharedServer();
    const [one] = (await nodesOn(server, 1, ROUTE, { blind: 2 })) as [SharedNode];
    await one.ask();
    one.store.link = "marks-cut";
    one.clock.advance(0.1);
    const outcomes = [await one.ask()];
    one.clock.advance(1.8);
    outcomes.push(await one.ask());
    one.clock.advance(0.2);
    outcomes.push(await one.ask());
    one.store.link = "up";
    await one.pass(0.5);

    expect([outcomes, await one.ask()]).toEqual([["hit", "hit", "miss"], "hit"]);
  });

  it("a hit says so, for as long as there are any, and then the store is not read", async () => {
    const server = new SharedServer();
    const [one] = (await nodesOn(server, 1, ROUTE, { blind: 2 })) as [SharedNode];
    await one.ask();
    const status = async (): Promise<string | undefined> => {
      const decision = await one.begin();
      return decision.kind === "serve" ? said(decision.reply, "cache-status") : decision.kind;
    };
    const seen = [await status()];
    one.store.link = "marks-cut";
    one.clock.advance(0.1);
    seen.push(await status());
    // Six probes fail, and lookups go on.
    for (let at = 0; at < 3; at++) await one.pass(0.6);
    seen.push(await status());
    one.clock.advance(0.2);
    const before = one.store.reads;
    seen.push(await status());

    expect([seen, one.store.reads - before]).toEqual([
      [
        "caching-route;hit;ttl=3600",
        "caching-route;hit;ttl=3599;detail=blind",
        "caching-route;hit;ttl=3598;detail=blind",
        "fill",
      ],
      0,
    ]);
  });

  it("a log that is lost leaves nothing that was stored before", async () => {
    const [one, other, server] = await twoNodes();
    await one.ask();
    server.log.lose();
    other.clock.advance(1);
    const outcomes = [await other.ask()];
    one.clock.advance(1);

    expect([outcomes, await one.ask()]).toEqual([["miss"], "hit"]);
  });
});
