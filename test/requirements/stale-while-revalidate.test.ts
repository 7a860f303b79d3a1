import { describe, expect, it } from "vitest";
import { stale } from "../support/staged.ts";
import type { Staged } from "../support/staged.ts";
import { answer, kitOf, openWith, refresher, said, serveOf, textOf } from "../support/kit.ts";

describe("a stale response within its window", () => {
  it("is served at once, and one refresh runs in the background", () => {
    const { now, fills, asked, cache } = stale({ staleWhileRevalidate: 30 }, 70);
    const decisions = [now(asked), now(asked), now(asked)].map(serveOf);

    expect(decisions.map(({ reply }) => textOf(reply))).toEqual(["old", "old", "old"]);
    expect([fills.length, cache.stats().refreshes]).toEqual([1, 1]);
    expect(decisions[0]!.outcome).toBe("stale");
    expect([said(decisions[0]!.reply, "cache-status"), said(decisions[0]!.reply, "x-cache")]).toEqual([
      "caching-route;hit;ttl=-10",
      "HIT",
    ]);
  });

  it("is fresh again once the refresh has ended", () => {
    const { fills, textNow } = stale({ staleWhileRevalidate: 30 }, 70);
    textNow();

    answer(fills[0]!, { body: "new" });

    expect(textNow()).toBe("new");
  });

  it("has the response's own window where the route has none (RFC 5861 §3)", () => {
    const response = { headers: { "cache-control": "max-age=60, stale-while-revalidate=30" } };
    const { textNow, fills } = stale({ ttl: undefined as never }, 70, response);

    expect([textNow(), fills.length]).toEqual(["old", 1]);
  });

  it("is not served after its window: the handler runs", () => {
    const { now, asked } = stale({ staleWhileRevalidate: 30 }, 90);

    expect(now(asked).kind).toBe("fill");
  });

  it.each([["must-revalidate"], ["proxy-revalidate"]])("is vetoed by %s (RFC 9111 §4.2.4)", (directive) => {
    const { now, asked } = stale({ staleWhileRevalidate: 30, staleIfError: 30 }, 70, {
      headers: { "cache-control": directive },
    });

    expect(now(asked).kind).toBe("fill");
  });

  it("is not served where the adapter cannot run the handler without its client", () => {
    const { now } = stale({ staleWhileRevalidate: 30 }, 70);

    expect(now().kind).toBe("fill");
  });

  it("is not served to a client whose directives forbid it", () => {
    const route = { staleWhileRevalidate: 30, requestDirectives: true };
    const kindFor = (demand: string): string => {
      const { now, asked } = stale(route, 70);
      return now({ ...asked, headers: { "cache-control": demand } }).kind;
    };

    expect(
      ["no-cache", "max-age=10", "max-age=999", "min-fresh=1", "max-stale=5", "max-stale=20"].map(kindFor),
    ).toEqual(["fill", "fill", "fill", "fill", "fill", "serve"]);
  });

  it("is served to a client with max-age and max-stale that allow it", () => {
    const route = { staleWhileRevalidate: 30, requestDirectives: true };
    const { now, asked } = stale(route, 70);
    const headers = { "cache-control": "max-age=999, max-stale=20" };

    expect(now({ ...asked, headers }).kind).toBe("serve");
  });

  it("is served to HEAD, too", () => {
    const { now, asked, fills } = stale({ staleWhileRevalidate: 30 }, 70);
    const { reply } = serveOf(now({ ...asked, method: "HEAD" }));

    expect([reply.status, reply.body, fills.length]).toEqual([200, undefined, 1]);
  });

  it("is refreshed with its validators where the route revalidates, and a 304 makes it fresh", () => {
    const route = { staleWhileRevalidate: 30, revalidate: true };
    const { fills, textNow, now, asked } = stale(route, 70, { headers: { etag: '"1"' } });
    textNow();
    const { conditions } = fills[0]!;
    answer(fills[0]!, { status: 304 });

    expect([conditions, serveOf(now(asked)).outcome]).toEqual([[["if-none-match", '"1"']], "hit"]);
  });
});

describe("a refresh that fails", () => {
  it.each<[string, (kit: Staged) => void]>([
    ["throws", ({ fills }) => fills[0]!.abandon("failed", new Error("no"))],
    ["sends 500", ({ fills }) => void answer(fills[0]!, { status: 500, body: "sorry" })],
    ["takes longer than its deadline", ({ clock }) => clock.advance(30)],
    [
      "fails midway",
      ({ fills }) => openWith(fills[0]!).stream().sink?.abandon("failed", new Error("no more")),
    ],
  ])("keeps what is stored and delays the next one: its handler %s", (_how, fail) => {
    const kit = stale({ staleWhileRevalidate: 300 }, 70);
    kit.textNow();

    fail(kit);
    const during = [kit.textNow(), kit.fills.length];
    kit.clock.advance(1);
    const after = [kit.textNow(), kit.fills.length];

    expect([during, after]).toEqual([
      ["old", 1],
      ["old", 2],
    ]);
  });

  it("doubles the delay with each further failure, and ends it with a success", () => {
    const { fills, textNow, clock } = stale({ staleWhileRevalidate: 300 }, 70);
    textNow();
    fills[0]!.abandon("failed");
    clock.advance(1);
    textNow();
    fills[1]!.abandon("failed");
    clock.advance(1.9);
    textNow();
    const early = fills.length;
    clock.advance(0.1);
    textNow();
    answer(fills[2]!, { body: "new" });
    clock.advance(61);
    textNow();

    expect([early, fills.length]).toEqual([2, 4]);
  });

  it("is reported to onError", () => {
    const told: unknown[] = [];
    const error = new Error("no database");
    const { fills, refresh } = refresher();
    const kit = kitOf({
      cache: { onError: (...args) => told.push(args) },
      route: { ttl: 60, staleWhileRevalidate: 30 },
    });
    kit.ask({ refresh });
    kit.clock.advance(70);
    kit.now({ refresh });

    fills[0]!.abandon("failed", error);

    expect(told).toEqual([[error, { operation: "refresh", route: "GET /reports" }]]);
  });

  it("counts as such where its adapter throws", () => {
    const { now } = stale({ staleWhileRevalidate: 30 }, 70);
    const refresh = (): void => {
      throw new Error("no loop");
    };

    expect(now({ refresh }).kind).toBe("serve");
  });

  it("stores nothing after its deadline, whatever its handler still sends", () => {
    const { fills, textNow, clock } = stale({ staleWhileRevalidate: 300, handlerTimeout: { hard: 5 } }, 70);
    textNow();
    clock.advance(5);

    answer(fills[0]!, { body: "late" });

    expect(textNow()).toBe("old");
  });

  it("does not count as failed where the new response may not be stored: what was stored is removed", () => {
    const { fills, textNow, now, asked } = stale({ staleWhileRevalidate: 300 }, 70);
    textNow();

    answer(fills[0]!, { status: 404, body: "gone" });

    expect(now(asked).kind).toBe("fill");
  });

  it("does not bring back what is purged meanwhile", async () => {
    const { fills, textNow, cache, now, asked } = stale(
      { staleWhileRevalidate: 300, key: () => "report" },
      70,
    );
    textNow();
    await cache.invalidate("report");

    answer(fills[0]!, { body: "old again" });

    expect(now(asked).kind).toBe("fill");
  });

  it("does not delay the next one where a purge overtakes it", async () => {
    const { fills, textNow, cache, ask, asked, clock } = stale(
      { staleWhileRevalidate: 300, key: () => "report" },
      70,
    );
    textNow();
    await cache.invalidate("report");
    answer(fills[0]!, { body: "old again" });
    ask(asked, { body: "new" });
    clock.advance(61);
    textNow();

    expect(fills.length).toBe(2);
  });
});
