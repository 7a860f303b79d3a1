import { describe, expect, it } from "vitest";
import type { Sink } from "../../src/adapter.ts";
import { testClock } from "../../src/testing/index.ts";
import { stale } from "../support/staged.ts";
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
import type { Kit } from "../support/kit.ts";

describe("a 304 to the cache's own condition that comes after handlerTimeout.hard", () => {
  it("is answered with what is stored, as its client asked no condition; nothing is freshened", () => {
    const { ask, now, clock, cache } = kitOf({
      route: { ttl: 60, revalidate: true, handlerTimeout: { hard: 2 } },
    });
    ask({}, { headers: { etag: '"v1"' }, body: "old" });
    clock.advance(70);
    const fill = fillOf(now());
    clock.advance(3);

    const reply = answer(fill, { status: 304 });

    expect([reply.status, textOf(reply)]).toEqual([200, "old"]);
    expect(said(reply, "cache-status")).toBe(
      "caching-route;fwd=stale;fwd-status=304;stored=?0;detail=timeout",
    );
    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
    expect(cache.stats().refusals).toEqual({ timeout: 1 });
  });
});

describe("an error of a run that was not a refresh", () => {
  it("does not take what is stale from those who come after it", async () => {
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

describe("a source that waits for those who follow it", () => {
  /** A stream too large to be kept, whose own client is gone, with a follower who has read half of what has come. */
  async function followed(): Promise<{
    readonly kit: Kit;
    readonly sink: Sink;
    readonly content: AsyncIterableIterator<Uint8Array>;
    readonly stops: () => number;
  }> {
    const kit = kitOf({ route: { maxBodyBytes: 10, waitMs: 1000 } });
    let stops = 0;
    const { sink } = openWith(fillOf(kit.now())).stream(() => stops++);
    const decided = asking(kit, {});
    await settle();
    const { content } = followOf(decided()!);
    sink!.write("one of ");
    await content.next();
    sink!.write("two ");
    expect(sink!.leave()).toBe(true);
    return { kit, sink: sink!, content, stops: () => stops };
  }

  it("is not given up for that, however long one of them pauses", async () => {
    const { kit, sink, content, stops } = await followed();

    const room = sink.room();
    kit.clock.advance(60);
    const text = readText(content);
    await room;
    sink.write("and the rest");
    sink.end();

    expect(room).toBeInstanceOf(Promise);
    expect(await text).toBe("two and the rest");
    expect(stops()).toBe(0);
  });

  it("is given up where it falls silent once there is room", async () => {
    const { kit, sink, content, stops } = await followed();
    const room = sink.room();
    await content.next();
    const next = content.next();
    await room;

    kit.clock.advance(1.5);

    await expect(next).rejects.toThrow("broke off");
    expect(stops()).toBe(1);
  });
});

describe("what a client says with If-Match", () => {
  const asked = { headers: { "if-match": '"nope"', "if-unmodified-since": "Thu, 01 Jan 2015 00:00:00 GMT" } };

  it("is hidden from a refresh", () => {
    const kit = stale({ staleWhileRevalidate: 600 }, 70);

    kit.now({ ...kit.asked, ...asked });

    expect(kit.fills[0]!.hidden).toEqual(expect.arrayContaining(["if-match", "if-unmodified-since"]));
  });

  it("does not make a resource uncacheable by the 412 that it is answered", () => {
    const { now } = kitOf();
    answer(fillOf(now(asked)), { status: 412 });

    expect(fillOf(now()).hidden).not.toEqual([]);
  });
});

describe("a response that is stale on arrival, with staleIfError", () => {
  const headers = { "cache-control": "max-age=0, stale-if-error=600" };

  it("is one run of the handler for each request", async () => {
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

describe("an unsafe request whose client leaves before the head", () => {
  it("removes what is stored all the same, once its handler has succeeded", () => {
    const { ask, now } = kitOf({ route: { invalidateOnUnsafe: true } });
    ask({}, { body: "old" });
    const fill = fillOf(now({ method: "PUT" }));

    const goesOn = fill.leave();
    const before = serveOf(now()).outcome;
    answer(fill, { status: 204 });

    expect([goesOn, before, now().kind]).toEqual([true, "hit", "fill"]);
  });
});

describe("a refresh that streams", () => {
  it("has its own deadline between two parts, whatever waitMs is", () => {
    const kit = stale({ staleWhileRevalidate: 600, waitMs: 0 }, 70);
    kit.now(kit.asked);
    const { sink } = openWith(kit.fills[0]!).stream();

    sink?.write("n");
    kit.clock.advance(29);
    sink?.write("ew");
    sink?.end();

    expect(kit.textNow()).toBe("new");
  });

  it("is told to onError where it falls silent", () => {
    const errors: unknown[] = [];
    const { fills, refresh } = refresher();
    const kit = kitOf({
      cache: { onError: (error) => void errors.push(error) },
      route: { ttl: 60, staleWhileRevalidate: 600 },
    });
    kit.ask({ refresh }, { body: "old" });
    kit.clock.advance(70);
    kit.now({ refresh });
    openWith(fills[0]!).stream().sink?.write("n");

    kit.clock.advance(30.5);

    expect(errors).toEqual([expect.objectContaining({ code: "ERR_CACHE_SOURCE" })]);
    kit.now({ refresh });
    expect(fills).toHaveLength(1);
  });

  it("is none where its handler answers a network error", async () => {
    const kit = stale({ staleIfError: 600 }, 70);
    const decided = asking(kit, kit.asked);
    await settle();

    answer(kit.fills[0]!, { status: 0 });
    await settle();

    expect(serveOf(decided()!).outcome).toBe("stale");
  });

  it("waits a while after a 304 of which nothing can be kept", () => {
    const kit = stale({ staleWhileRevalidate: 600, revalidate: true }, 70, { headers: { etag: '"v1"' } });
    kit.now(kit.asked);

    answer(kit.fills[0]!, { status: 304, headers: { "set-cookie": "id=1" } });
    const outcomes = [kit.now(kit.asked), kit.now(kit.asked)].map((decision) => serveOf(decision).outcome);

    expect([outcomes, kit.fills.length]).toEqual([["stale", "stale"], 1]);
  });
});

describe("a HEAD that is answered late", () => {
  it("does not put what it freshens in the place of what was stored since", () => {
    const { ask, now, clock } = kitOf({ route: { ttl: 60, revalidate: true } });
    ask({}, { headers: { etag: '"v1"' }, body: "old" });
    clock.advance(70);
    const head = fillOf(now({ method: "HEAD" }));
    answer(fillOf(now()), { headers: { etag: '"v2"' }, body: "new" });

    openWith(head).complete(undefined);

    expect(textOf(serveOf(now()).reply)).toBe("new");
  });
});

describe("a clock that is set back while a request waits", () => {
  it("does not make it wait longer than waitMs", async () => {
    const at = testClock();
    let shift = 0;
    const clock = { now: () => at.now() + shift, schedule: at.schedule.bind(at) };
    const kit = kitOf({ cache: { clock }, route: { waitMs: 10_000 } });
    const first = fillOf(kit.now());
    const second = asking(kit, {});
    const third = asking(kit, {});
    await settle();
    shift = -3_600_000;
    first.abandon("aborted");
    await settle();
    expect(fillOf(second()!)).toBeDefined();

    at.advance(11);
    await settle();

    expect(third()).toBeDefined();
  });
});

describe("a long key", () => {
  it("is spaced out like any other where its refresh fails", () => {
    const kit = kitOf({ route: { ttl: 60, staleWhileRevalidate: 600 } });
    const { fills, refresh } = refresher();
    const asked = { refresh, target: `/reports?a=${"x".repeat(3000)}` };
    kit.ask(asked, { body: "old" });
    kit.clock.advance(70);

    kit.now(asked);
    fills[0]!.abandon("failed", new Error("no"));
    kit.now(asked);

    expect(fills).toHaveLength(1);
  });
});
