import { describe, expect, it } from "vitest";
import type { Decision, Sink } from "../../src/adapter.ts";
import { stale } from "../support/staged.ts";
import type { Staged } from "../support/staged.ts";
import {
  answer,
  asking,
  fillOf,
  followOf,
  kitOf,
  openWith,
  readText,
  refresher,
  said,
  serveOf,
  settle,
  textOf,
} from "../support/kit.ts";

describe("a stale response in place of an error", () => {
  /** A request that waits for the handler. */
  async function waiting(kit: Staged): Promise<() => Decision | undefined> {
    const decided = asking(kit, kit.asked);
    await settle();
    return decided;
  }

  it.each<[string, (kit: Staged) => void]>([
    ["throws", ({ fills }) => fills[0]!.abandon("failed")],
    ["says 503", ({ fills }) => void answer(fills[0]!, { status: 503 })],
    ["takes longer than it may", ({ clock }) => clock.advance(2)],
  ])("is served where the handler %s", async (_how, fail) => {
    const kit = stale({ staleIfError: 30, handlerTimeout: 2 }, 70);
    const decided = await waiting(kit);
    const before = decided();

    fail(kit);
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([before, textOf(reply), outcome, said(reply, "x-cache")]).toEqual([
      undefined,
      "old",
      "stale",
      "HIT",
    ]);
    expect(said(reply, "cache-status")).toMatch(/^caching-route;fwd=stale;detail=(failed|timeout)$/);
  });

  it("is not served where the handler responds", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    const decided = await waiting(kit);

    answer(kit.fills[0]!, { body: "new" });
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([textOf(reply), outcome, said(reply, "cache-status")]).toEqual([
      "new",
      "miss",
      "caching-route;fwd=stale;stored",
    ]);
  });

  it("is not served where the handler begins to stream, which is followed", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    const decided = await waiting(kit);
    const { sink } = openWith(kit.fills[0]!).stream();
    sink?.write("n");
    await settle();

    const { content } = followOf(decided()!);
    sink?.write("ew");
    sink?.end();

    expect(await readText(content)).toBe("new");
  });

  it.each<[string, Record<string, string>, (sink: Sink) => void]>([
    ["breaks off", {}, (sink) => sink.abandon("failed", new Error("no database"))],
    ["ends", { "content-length": "3" }, (sink) => sink.end()],
  ])("is served where the handler's stream %s before its first byte", async (_how, headers, fail) => {
    const kit = stale({ staleIfError: 30 }, 70);
    const decided = await waiting(kit);
    const { sink } = openWith(kit.fills[0]!, { headers }).stream();
    await settle();
    const before = decided();

    fail(sink!);
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([before, textOf(reply), outcome]).toEqual([undefined, "old", "stale"]);
    expect(said(reply, "cache-status")).toBe("caching-route;fwd=stale;detail=failed");
  });

  it("is not served where the handler's stream ends cleanly without a byte", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    const decided = await waiting(kit);

    openWith(kit.fills[0]!).stream().sink?.end();
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([textOf(reply), outcome]).toEqual(["", "miss"]);
  });

  it("is served at once for a while after a failure", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    const decided = await waiting(kit);
    kit.fills[0]!.abandon("failed");
    await settle();

    expect([textOf(serveOf(decided()!).reply), kit.textNow(), kit.fills.length]).toEqual(["old", "old", 1]);
  });

  it("lets a slow handler finish, and its response is stored", async () => {
    const kit = stale({ staleIfError: 30, handlerTimeout: { soft: 1, hard: 20 } }, 70);
    await waiting(kit);
    kit.clock.advance(1);
    await settle();

    answer(kit.fills[0]!, { body: "late" });

    expect(kit.textNow()).toBe("late");
  });

  it("lets a handler run once at a time, however many requests were served stale meanwhile", async () => {
    const kit = stale({ staleIfError: 300, handlerTimeout: 1 }, 70);
    await waiting(kit);
    kit.clock.advance(1);
    await settle();
    const second = await waiting(kit);
    kit.clock.advance(1);
    await settle();

    expect([textOf(serveOf(second()!).reply), kit.fills.length]).toEqual(["old", 1]);
  });

  it("keeps a request waiting where its window closes meanwhile, without another run", async () => {
    const kit = stale({ staleIfError: 11, handlerTimeout: 2 }, 70);
    const decided = await waiting(kit);
    kit.clock.advance(2);
    await settle();
    const before = decided();

    answer(kit.fills[0]!, { body: "new" });
    await settle();

    expect([before, textOf(serveOf(decided()!).reply), kit.fills.length]).toEqual([undefined, "new", 1]);
  });

  it("is not served after its window: the client gets the error", () => {
    const { now, asked } = stale({ staleIfError: 30 }, 90);

    expect(now(asked).kind).toBe("fill");
  });

  it("is not served where the new response is no error and may not be stored: the handler runs for the client", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    const decided = await waiting(kit);

    answer(kit.fills[0]!, { status: 404 });
    await settle();

    expect(decided()?.kind).toBe("fill");
  });

  it("has the response's own window where the route has none (RFC 5861 §4)", async () => {
    const response = { headers: { "cache-control": "max-age=60, stale-if-error=30" } };
    const kit = stale({ ttl: undefined as never }, 70, response);
    const decided = await waiting(kit);

    kit.fills[0]!.abandon("failed");
    await settle();

    expect(textOf(serveOf(decided()!).reply)).toBe("old");
  });

  it("is served for the route's errorStatuses", async () => {
    const kit = stale({ staleIfError: 30, errorStatuses: [404] }, 70);
    const decided = await waiting(kit);

    answer(kit.fills[0]!, { status: 404 });
    await settle();

    expect(textOf(serveOf(decided()!).reply)).toBe("old");
  });

  it("is not served once it is purged", async () => {
    const kit = stale({ staleIfError: 30, key: () => "report" }, 70);
    const decided = await waiting(kit);
    await kit.cache.invalidate("report");
    await settle();

    expect(decided()?.kind).toBe("fill");
  });
});

describe("a handler's deadline", () => {
  it("makes followers without anything stale run the handler themselves", async () => {
    const kit = kitOf({ route: { handlerTimeout: { hard: 3 } } });
    const leader = fillOf(kit.now());
    const follower = kit.begin();
    kit.clock.advance(3);

    expect((await follower).kind).toBe("fill");
    expect(textOf(answer(leader, { body: "late" }))).toBe("late");
    expect(kit.cache.stats().refusals).toEqual({ timeout: 1 });
  });
});

describe("an error of a run that is not a refresh", () => {
  it("does not keep later requests from the stale response", async () => {
    const kit = stale({ staleIfError: 600, requestDirectives: true }, 70);
    answer(fillOf(kit.now({ headers: { "cache-control": "no-cache" } })), { status: 500 });

    const decided = asking(kit, kit.asked);
    await settle();
    expect(decided()).toBeUndefined();
    answer(kit.fills[0]!, { status: 500 });
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([textOf(reply), outcome]).toEqual(["old", "stale"]);
  });
});

describe("a response that is stale on arrival, with staleIfError", () => {
  const headers = { "cache-control": "max-age=0, stale-if-error=600" };

  it("is not shared: the next request gets the response of its own run", async () => {
    const { fills, refresh } = refresher();
    const kit = kitOf();
    kit.ask({ refresh }, { headers, body: "first" });
    kit.clock.advance(1);

    const decided = asking(kit, { refresh });
    await settle();
    answer(fills[0]!, { headers, body: "second" });
    await settle();

    const { reply, outcome } = serveOf(decided()!);
    expect([textOf(reply), outcome, fills.length]).toEqual(["second", "miss", 1]);
  });
});
