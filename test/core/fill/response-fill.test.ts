import { describe, expect, it } from "vitest";
import type { Fill } from "../../../src/adapter.ts";
import {
  answer,
  fillOf,
  kitOf,
  openWith,
  refresher,
  said,
  serveOf,
  settle,
  textOf,
} from "../../support/kit.ts";
import { refreshing, stale, thrown } from "../../support/staged.ts";

const policy = (nonce: string): Record<string, string> => ({
  "content-security-policy": `script-src 'self' 'nonce-${nonce}'`,
});
const page = (nonce: string): string => `<script nonce="${nonce}">1</script>`;

describe("a response that is opened", () => {
  it("is over after its first end, whatever follows", () => {
    const { now, cache } = kitOf();
    const fill = fillOf(now());
    const open = openWith(fill);
    open.complete("first");

    open.abandon("failed");
    open.refuse("malformed");
    fill.abandon("failed");
    const again = open.complete("second");

    expect([textOf(serveOf(now()).reply), textOf(again), cache.stats().stored]).toEqual([
      "first",
      "second",
      1,
    ]);
    expect(cache.stats().refusals).toEqual({});
  });

  it("stores nothing once it is abandoned, even if it is completed later", () => {
    const { now, cache } = kitOf();
    const open = openWith(fillOf(now()));
    open.abandon("aborted");
    open.abandon("failed");

    const reply = open.complete("late");

    expect([textOf(reply), cache.stats().store?.entries, cache.stats().refusals]).toEqual([
      "late",
      0,
      { aborted: 1 },
    ]);
  });

  it("has an empty content where the handler sent none", () => {
    const { now } = kitOf();

    const reply = openWith(fillOf(now())).complete(undefined);

    expect([reply.body?.byteLength, said(reply, "content-length")]).toEqual([0, "0"]);
  });

  it("is not what is stored: changing what the first client is sent changes nothing", () => {
    const { now } = kitOf();
    const { body } = openWith(fillOf(now())).complete("first");

    body?.fill(0);

    expect(textOf(serveOf(now()).reply)).toBe("first");
  });

  it("is stored once, however often it ends", () => {
    const { now, cache } = kitOf();
    const { sink } = openWith(fillOf(now())).stream();

    sink?.end();
    sink?.end();

    expect(cache.stats().stored).toBe(1);
  });

  it("can be refused for what its head did not show", () => {
    const { now, cache } = kitOf();
    const open = openWith(fillOf(now()));
    const { sink } = open.stream();

    open.refuse("malformed");
    open.refuse("head");
    sink?.end();

    expect([now().kind, cache.stats().refusals]).toEqual(["fill", { malformed: 1 }]);
  });

  it("has no place for copies where its head forbids storing", () => {
    const { now } = kitOf();

    const { sink, fields } = openWith(fillOf(now()), { headers: { "cache-control": "private" } }).stream();

    expect([sink, said({ fields }, "cache-status")]).toEqual([
      undefined,
      "caching-route;fwd=uri-miss;fwd-status=200;detail=private",
    ]);
  });
});

describe("a response that is refused", () => {
  it("is not remembered where it is the 412 to a client's own If-Match", () => {
    const { now } = kitOf();
    answer(
      fillOf(
        now({ headers: { "if-match": '"nope"', "if-unmodified-since": "Thu, 01 Jan 2015 00:00:00 GMT" } }),
      ),
      { status: 412 },
    );

    expect(fillOf(now()).hidden).not.toEqual([]);
  });
});

describe("a response whose policy has a nonce that is not in its content", () => {
  it("is stored at the end of its stream; until then requests that wait run the handler", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const waiting = Promise.resolve(kit.begin());
    const { sink } = openWith(leader, { earlier: policy("r4nd0m") }).stream();
    sink?.write("{");

    fillOf(await waiting).abandon("failed");
    sink?.write("}");
    sink?.end();
    expect(textOf(kit.ask())).toBe("{}");
  });

  it("of a refresh is sent at the end of its stream to requests that wait", async () => {
    const { fills, refresh } = refresher();
    const kit = kitOf({ route: { ttl: 10, staleIfError: 60 } });
    kit.ask({ refresh }, { body: "old" });
    kit.clock.advance(10);
    const waiting = Promise.resolve(kit.begin({ refresh }));
    const { sink } = openWith(fills[0] as Fill, { earlier: policy("r4nd0m") }).stream();

    sink?.write("new");
    await settle();
    sink?.end();

    expect(await waiting).toMatchObject({ kind: "serve", outcome: "miss" });
  });
});

describe("a refresh that streams", () => {
  it("has its own deadline between two parts, whatever maxWait is", () => {
    const kit = stale({ staleWhileRevalidate: 600, maxWait: 0 }, 70);
    kit.now(kit.asked);
    const { sink } = openWith(kit.fills[0]!).stream();

    sink?.write("n");
    kit.clock.advance(29);
    sink?.write("ew");
    sink?.end();

    expect(kit.textNow()).toBe("new");
  });

  it("is reported to onError where it falls silent", () => {
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

  it("is no failure where it throws an answer before its first byte", async () => {
    const { fill, waiting, now, asked } = refreshing();

    openWith(fill)
      .stream()
      .sink?.abandon("failed", thrown({ statusCode: 404 }));

    fillOf((await waiting) as never).abandon("failed");
    expect(now(asked).kind).toBe("fill");
  });

  it("is a failure where it throws an error without a status", async () => {
    const { fill, waiting } = refreshing();

    openWith(fill).stream().sink?.abandon("failed", thrown({}));

    expect(await waiting).toMatchObject({ kind: "serve", outcome: "stale" });
  });
});

describe("a refresh whose response is refused", () => {
  it("removes what was stored, where its policy has a nonce", () => {
    const { fills, refresh } = refresher();
    const kit = kitOf({ route: { ttl: 10, staleWhileRevalidate: 60 } });
    kit.ask({ refresh }, { body: "old" });
    kit.clock.advance(10);
    kit.now({ refresh });

    answer(fills[0] as Fill, { earlier: policy("r4nd0m"), body: page("r4nd0m") });

    expect(kit.now({ refresh }).kind).toBe("fill");
  });
});
