import { describe, expect, it } from "vitest";
import type { Fill } from "../../src/adapter.ts";
import { answer, fillOf, kitOf, said, serveOf, settle, textOf } from "../support/kit.ts";
import { refreshing, stale, thrown } from "../support/staged.ts";

describe("a refresh whose handler throws an error with a status of its own", () => {
  it("serves nothing stale, removes what is stored, and is not a failure", async () => {
    const errors: unknown[] = [];
    const { fills, asked, begin, now, cache } = stale({ staleIfError: 60 }, 60);
    const waiting = Promise.resolve(begin(asked));
    const fill = fills[0] as Fill;
    fill.isAnswer(thrown({ status: 410 }));

    fill.abandon("failed", thrown({ status: 410 }));

    fillOf(await waiting).abandon("failed");
    expect(now(asked).kind).toBe("fill");
    expect([cache.stats().refusals["status"], cache.stats().store?.entries, errors]).toEqual([1, 0, []]);
  });

  it("is remembered like a response, so that the next requests do not wait", async () => {
    const { fill, waiting, now, asked } = refreshing();
    fill.isAnswer(thrown({ status: 410 }));
    fill.abandon("failed", thrown({ status: 410 }));
    await waiting;

    expect([now(asked), now(asked)].map(({ kind }) => kind)).toEqual(["fill", "fill"]);
  });

  it("stores what an error handler sends for it where statuses gives it a lifetime", async () => {
    const { fill, waiting, now, asked } = refreshing({ statuses: { 200: true, 404: 10 } });
    fill.isAnswer(thrown({ status: 404 }));

    answer(fill, { status: 404, body: "no such page" });
    await waiting;

    const { reply } = serveOf(now(asked));
    expect([reply.status, textOf(reply), said(reply, "cache-status")]).toEqual([
      404,
      "no such page",
      "caching-route;hit;ttl=10",
    ]);
  });

  it.each([[200], [304], [404], [500]])(
    "stores nothing of what is sent for it with status %d",
    async (status) => {
      const { fill, waiting, now, asked, cache } = refreshing({
        statuses: [200, 404, 500],
        revalidate: true,
      });
      fill.isAnswer(thrown({ status: 403 }));

      answer(fill, { status, body: "a page for all errors" });

      fillOf((await waiting) as never).abandon("failed");
      expect([now(asked).kind, cache.stats().store?.entries]).toEqual(["fill", 0]);
    },
  );

  it("counts as failed where the error handler itself fails", async () => {
    const { fill, waiting, now, asked } = refreshing();
    fill.isAnswer(thrown({ status: 404 }));
    fill.isAnswer(thrown({}));

    fill.abandon("failed", thrown({}));

    expect(await waiting).toMatchObject({ kind: "serve", outcome: "stale" });
    expect(textOf(serveOf(now(asked)).reply)).toBe("old");
  });
});

describe("a leader whose handler throws an error with a status of its own", () => {
  it("shares its response where statuses gives it a lifetime", async () => {
    const { now, begin } = kitOf({ route: { statuses: [200, 404] } });
    const leader = fillOf(now());
    const waiting = Promise.resolve(begin());
    leader.isAnswer(thrown({ status: 404 }));

    answer(leader, { status: 404, body: "no such page" });

    expect(textOf(serveOf(await waiting).reply)).toBe("no such page");
  });

  it("hands over to a follower where its client is gone, which may be why it failed", async () => {
    const { now, begin, cache } = kitOf();
    const leader = fillOf(now());
    const waiting = Promise.resolve(begin());
    leader.leave();

    expect(leader.isAnswer(thrown({ status: 400 }))).toBe(false);
    leader.abandon("failed", thrown({ status: 400 }));
    await settle();

    answer(fillOf(await waiting));
    expect(cache.stats().stored).toBe(1);
  });
});
