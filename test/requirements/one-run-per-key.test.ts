import { describe, expect, it } from "vitest";
import type { Decision, OpenFill } from "../../src/adapter.ts";
import {
  answer,
  asyncStore,
  fillOf,
  kitOf,
  openWith,
  said,
  serveOf,
  settle,
  textOf,
} from "../support/kit.ts";
import type { Asked, Kit } from "../support/kit.ts";

/** The state of a request that may still wait. */
interface Waiting {
  decision: Decision | undefined;
}

function follow({ begin }: Kit, asked?: Asked): Waiting {
  const waiting: Waiting = { decision: undefined };
  void Promise.resolve(begin(asked)).then((decision) => (waiting.decision = decision));
  return waiting;
}

function kindsOf(followers: readonly Waiting[]): readonly (string | undefined)[] {
  return followers.map(({ decision }) => decision?.kind);
}

describe("concurrent requests for one key", () => {
  it("run the handler once and share its response", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const followers = [follow(kit), follow(kit)];
    await settle();
    const before = kindsOf(followers);

    answer(leader, { body: "made" });
    await settle();

    expect(before).toEqual([undefined, undefined]);
    expect(followers.map(({ decision }) => textOf(serveOf(decision!).reply))).toEqual(["made", "made"]);
    expect(serveOf(followers[0]!.decision!).outcome).toBe("collapsed");
    expect(said(serveOf(followers[0]!.decision!).reply, "cache-status")).toBe(
      "caching-route;fwd=uri-miss;collapsed",
    );
  });

  it("run the handler once with an asynchronous store, too", async () => {
    const kit = kitOf({ cache: { store: asyncStore() } });
    const leader = fillOf(await kit.begin());
    const follower = follow(kit);
    await settle();

    answer(leader, { body: "made" });
    await settle();

    expect(serveOf(follower.decision!).outcome).toBe("collapsed");
  });

  it("share a finished flight until a slow store has its entry", async () => {
    const kit = kitOf({
      cache: { store: { ...asyncStore(), set: () => new Promise<void>(() => undefined) } },
    });
    answer(fillOf(await kit.begin()), { body: "made" });

    const during = serveOf(await kit.begin());
    kit.clock.advance(1);
    await settle();

    expect([during.outcome, textOf(during.reply)]).toEqual(["collapsed", "made"]);
    expect((await kit.begin()).kind).toBe("fill");
  });

  it("do not wait for a request for another key", () => {
    const { now } = kitOf();
    now({ target: "/a" });

    expect(now({ target: "/b" }).kind).toBe("fill");
  });

  it("get the response to their own condition each", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const follower = follow(kit, { headers: { "if-none-match": '"v1"' } });

    answer(leader, { headers: { etag: '"v1"' } });
    await settle();

    expect(serveOf(follower.decision!).reply.status).toBe(304);
  });

  it("run the handler each, at once, where the leader's handler fails", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const followers = [follow(kit), follow(kit)];

    leader.abandon("failed");
    await settle();

    expect(kindsOf(followers)).toEqual(["fill", "fill"]);
  });

  it("run the handler each where the leader fails after its head", async () => {
    const kit = kitOf();
    const open = openWith(fillOf(kit.now()));
    const followers = [follow(kit), follow(kit)];

    open.abandon("failed");
    await settle();

    expect(kindsOf(followers)).toEqual(["fill", "fill"]);
  });

  it("have one new leader where the leader's client disconnects", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const followers = [follow(kit), follow(kit)];

    leader.abandon("aborted");
    await settle();
    const between = kindsOf(followers);
    answer(fillOf(followers[0]!.decision!), { body: "second" });
    await settle();

    expect(between).toEqual(["fill", undefined]);
    expect(textOf(serveOf(followers[1]!.decision!).reply)).toBe("second");
  });

  it("wait for three leaders that disconnect, and then run the handler each", async () => {
    const kit = kitOf();
    const first = fillOf(kit.now());
    const followers = [follow(kit), follow(kit), follow(kit), follow(kit), follow(kit)];
    first.abandon("aborted");
    await settle();
    fillOf(followers[0]!.decision!).abandon("aborted");
    await settle();
    const before = kindsOf(followers);

    fillOf(followers[1]!.decision!).abandon("aborted");
    await settle();

    expect(before).toEqual(["fill", "fill", undefined, undefined, undefined]);
    expect(kindsOf(followers.slice(2))).toEqual(["fill", "fill", "fill"]);
  });

  it("run the handler as soon as the head shows that the response may not be shared", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const follower = follow(kit);

    openWith(leader, { headers: { "set-cookie": "id=1" } });
    await settle();

    expect(follower.decision?.kind).toBe("fill");
  });

  it("follow a stream as soon as the head shows one", async () => {
    const kit = kitOf();
    const open = openWith(fillOf(kit.now()));
    const follower = follow(kit);
    await settle();
    const before = follower.decision;

    open.stream();
    await settle();

    expect([before, follower.decision?.kind]).toEqual([undefined, "follow"]);
  });

  it("do not share a variant that the response turns out to vary by", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now({ headers: { "accept-language": "en" } }));
    const french = follow(kit, { headers: { "accept-language": "fr" } });
    const english = follow(kit, { headers: { "accept-language": "en" } });

    answer(leader, { headers: { vary: "accept-language" }, body: "hello" });
    await settle();

    expect(french.decision?.kind).toBe("fill");
    expect(textOf(serveOf(english.decision!).reply)).toBe("hello");
  });

  it.each<[string, (leader: OpenFill) => unknown]>([
    ["complete", (leader) => leader.complete("hello")],
    ["streamed", (leader) => leader.stream()],
  ])("run the handler once for each variant that a %s response turns out to have", async (_how, say) => {
    const kit = kitOf({ cache: { store: asyncStore() } });
    const french = { headers: { "accept-language": "fr" } };
    const leader = fillOf(await kit.begin({ headers: { "accept-language": "en" } }));
    const crowd = [follow(kit, french), follow(kit, french), follow(kit, french)];
    await settle();

    say(openWith(leader, { headers: { vary: "accept-language" } }));
    await settle();
    const late = follow(kit, french);
    await settle();
    const before = kindsOf([...crowd, late]);
    answer(fillOf(crowd[0]!.decision!), { headers: { vary: "accept-language" }, body: "bonjour" });
    await settle();

    expect(before).toEqual(["fill", undefined, undefined, undefined]);
    const others = [...crowd.slice(1), late].map(({ decision }) => serveOf(decision!));
    expect(others.map(({ outcome, reply }) => [outcome, textOf(reply)])).toEqual(
      others.map(() => ["collapsed", "bonjour"]),
    );
  });

  it("are not left waiting where the route's ttl function throws", async () => {
    const broken = new Error("no ttl today");
    const kit = kitOf({
      route: {
        ttl: () => {
          throw broken;
        },
      },
    });
    const leader = fillOf(kit.now());
    const follower = follow(kit);

    expect(() => openWith(leader)).toThrow(broken);
    await settle();

    expect(follower.decision?.kind).toBe("fill");
  });

  it("are not left waiting where a handler's fields cannot be read", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const follower = follow(kit);

    expect(() => leader.open({ status: 200, fields: [["cache-control", 5 as never]] })).toThrow(TypeError);
    await settle();

    expect(follower.decision?.kind).toBe("fill");
  });

  it("are not left waiting where the reporter throws", async () => {
    const kit = kitOf({
      cache: {
        reporter: () => {
          throw new Error("no log today");
        },
      },
    });
    const leader = fillOf(kit.now());
    const follower = follow(kit);

    expect(() => answer(leader, { status: 500 })).not.toThrow();
    await settle();

    expect(follower.decision?.kind).toBe("fill");
  });
});
