import { describe, expect, it } from "vitest";
import {
  answer,
  asking,
  fillOf,
  kitOf,
  openWith,
  refresher,
  said,
  serveOf,
  settle,
  textOf,
} from "../support/kit.ts";
import type { Asked, Kit, KitOptions } from "../support/kit.ts";

const DEMANDING: KitOptions = { route: { requestDirectives: true, revalidate: true } };

const saying = (value: string): Asked => ({ headers: { "cache-control": value } });

/** A cache that holds a response of 40 seconds, half of which are over. */
function halfway(options: KitOptions = DEMANDING, said = "max-age=40"): Kit {
  const kit = kitOf(options);
  kit.ask({}, { headers: { "cache-control": said, etag: '"v1"' }, body: "stored" });
  kit.clock.advance(20);
  return kit;
}

describe("a request directive", () => {
  it.each([
    ["no-cache"],
    ["max-age=0"],
    ["max-age=19"],
    ["min-fresh=21"],
    ["max-age=x"],
    ["min-fresh"],
    ["max-stale=100, max-age=10"],
    ["No-Cache"],
  ])("runs the handler: %s", (value) => {
    expect(halfway().now(saying(value)).kind).toBe("fill");
  });

  it.each([["max-age=20"], ["min-fresh=20"], ["max-stale"], ["only-if-cached"], ["no-store"], ["x=1"], [""]])(
    "is satisfied by what is stored: %j",
    (value) => {
      expect(textOf(halfway().ask(saying(value)))).toBe("stored");
    },
  );

  it("may be Pragma: no-cache where there is no Cache-Control", () => {
    const { now } = halfway();

    expect(now({ headers: { pragma: "no-cache" } }).kind).toBe("fill");
    expect(now({ headers: { pragma: "no-cache", "cache-control": "max-age=60" } }).kind).toBe("serve");
    expect(now({ headers: { pragma: "x-no-cache" } }).kind).toBe("serve");
  });

  it("is ignored by default, so that a client cannot make the handler run (law 4)", () => {
    const { now, clock } = kitOf({ route: { revalidate: true } });
    answer(fillOf(now()), { headers: { "cache-control": "max-age=40" } });
    clock.advance(20);

    const demands = ["no-cache", "no-store", "max-age=0", "min-fresh=99", "only-if-cached"].map(saying);
    const decisions = [...demands, { headers: { pragma: "no-cache" } }].map((asked) => now(asked).kind);

    expect(new Set(decisions)).toEqual(new Set(["serve"]));
    expect(now({ ...saying("only-if-cached"), target: "/other" }).kind).toBe("fill");
  });
});

describe("stale service that a client accepts", () => {
  it.each([
    ["max-stale", "serve"],
    ["max-stale=10", "serve"],
    ["max-stale=9", "fill"],
    ["max-stale=x", "fill"],
    ["max-age=100", "fill"],
  ])("depends on its directive, ten seconds past freshness: %s gives a %s", (value, kind) => {
    const { now, clock } = halfway();
    clock.advance(30);

    expect(now(saying(value)).kind).toBe(kind);
  });

  it.each([
    ["max-age=40, must-revalidate"],
    ["max-age=40, proxy-revalidate"],
    ["s-maxage=40"],
    ["max-age=40, no-cache"],
    ['max-age=40, no-cache="x"'],
  ])("is refused where the response has %s", (directives) => {
    const { now, clock } = halfway(DEMANDING, directives);
    clock.advance(30);

    expect(now(saying("max-stale")).kind).toBe("fill");
  });

  it("is refused where the response's CDN-Cache-Control forbids it", () => {
    const { ask, now, clock } = kitOf(DEMANDING);
    const headers = { "cdn-cache-control": "max-age=5, must-revalidate", "cache-control": "max-age=5" };
    ask({}, { headers: { ...headers, etag: '"v1"' } });
    clock.advance(6);

    expect(now(saying("max-stale")).kind).toBe("fill");
  });

  it("is checked again once its request has waited for an error", async () => {
    const { fills, refresh } = refresher();
    const kit = kitOf({ route: { ttl: 1, staleIfError: 60, requestDirectives: true } });
    answer(fillOf(kit.now()));
    kit.clock.advance(5);
    const decided = asking(kit, { refresh, headers: { "cache-control": "max-age=10" } });
    await settle();

    kit.clock.advance(10);
    await settle();

    expect([fills.length, decided()?.kind]).toEqual([1, "fill"]);
  });
});

describe("a request with only-if-cached", () => {
  it("gets 504 without content where nothing is stored, and does not run the handler", () => {
    const decision = serveOf(kitOf(DEMANDING).now(saying("only-if-cached")));

    expect([decision.outcome, decision.reply.status, decision.reply.body]).toEqual([
      "bypass",
      504,
      undefined,
    ]);
    expect(said(decision.reply, "content-length")).toBe("0");
    expect(said(decision.reply, "cache-status")).toBe("caching-route;detail=only-if-cached");
  });

  it("gets 504 where what is stored is stale, or does not satisfy the other directives", () => {
    const { ask, clock } = halfway();

    const tooOld = ask(saying("only-if-cached, max-age=1"));
    clock.advance(30);
    const stale = ask(saying("only-if-cached"));
    const head = ask({ ...saying("only-if-cached"), method: "HEAD" });

    expect([tooOld, stale, head].map(({ status }) => status)).toEqual([504, 504, 504]);
  });
});

describe("a request with no-store", () => {
  it("does not have its response stored", () => {
    const { ask, now } = kitOf(DEMANDING);

    const miss = ask(saying("no-store"));

    expect(said(miss, "cache-status")).toBe("caching-route;fwd=uri-miss;fwd-status=200;detail=no-store");
    expect(now().kind).toBe("fill");
  });

  it("does not make the resource uncacheable for others", () => {
    const { ask, now } = kitOf(DEMANDING);
    ask(saying("no-store"));

    expect(fillOf(now()).hidden).toContain("if-none-match");
  });

  it("does not remove what is stored where its handler sends 304", () => {
    const { ask, now, clock } = halfway();
    clock.advance(30);

    const reply = ask(saying("no-store"), { status: 304 });

    expect([reply.status, textOf(reply)]).toEqual([200, "stored"]);
    expect(fillOf(now()).conditions).toEqual([["if-none-match", '"v1"']]);
  });

  it("waits for nobody, and nobody waits for it", () => {
    const { begin } = kitOf(DEMANDING);

    const decisions = [begin(saying("no-store")), begin(), begin(saying("no-store"))];

    expect(decisions.map((decision) => decision instanceof Promise)).toEqual([false, false, false]);
  });

  it("starts no early refresh", () => {
    const { fills, refresh } = refresher();
    const kit = kitOf({
      cache: { random: () => 0.999 },
      route: { ttl: 60, earlyRefresh: 100, requestDirectives: true },
    });
    const fill = fillOf(kit.now());
    kit.clock.advance(1);
    answer(fill);
    kit.clock.advance(58);

    const asked = { refresh, headers: { "cache-control": "no-store" } };
    const { outcome } = serveOf(kit.now(asked));
    kit.now({ refresh });

    expect([outcome, fills.length]).toEqual(["hit", 1]);
    expect(kit.cache.stats().refusals).toEqual({});
  });
});

describe("a request with no-cache", () => {
  it("does not keep others from what is fresh", () => {
    const { now } = halfway();
    const asking = fillOf(now(saying("no-cache")));

    expect(now().kind).toBe("serve");
    expect(asking.conditions).toEqual([["if-none-match", '"v1"']]);
  });

  it("has fwd=request in Cache-Status, and freshens what is stored", () => {
    const { ask } = halfway();

    const reply = ask(saying("no-cache"), { status: 304, headers: { "cache-control": "max-age=40" } });

    expect(said(reply, "cache-status")).toBe("caching-route;fwd=request;fwd-status=304;stored");
    expect(said(ask(), "cache-status")).toBe("caching-route;hit;ttl=40");
  });

  it("still runs the handler where it waited for another run", async () => {
    const { begin, now } = kitOf(DEMANDING);
    const leader = fillOf(now());
    const follower = begin(saying("no-cache"));

    openWith(leader).complete("made");

    expect((await follower).kind).toBe("fill");
  });
});
