import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.ts";
import type { RouteOptions } from "../../src/index.ts";
import { answer, bypassOf, fillOf, kitOf, openWith, said, serveOf } from "../support/kit.ts";
import type { Asked, Kit } from "../support/kit.ts";

function keyed(route: RouteOptions<Asked> = {}, secret = "s"): Kit {
  return kitOf({ cache: { cacheStatus: { key: true }, secret }, route });
}

function keyIn(message: Parameters<typeof said>[0]): string | undefined {
  return /;key="([^"]*)"/.exec(said(message, "cache-status") ?? "")?.[1];
}

describe("the key in Cache-Status", () => {
  it("is absent by default", () => {
    const { ask } = kitOf({ cache: { cacheStatus: { name: "edge" } } });

    expect([ask(), ask()].map((reply) => said(reply, "cache-status"))).toEqual([
      "edge;fwd=uri-miss;fwd-status=200;stored",
      "edge;hit;ttl=60",
    ]);
  });

  it("is the same on the miss that stores and on the hits after it", () => {
    const { ask } = keyed();

    const [miss, hit, head] = [ask(), ask(), ask({ method: "HEAD" })].map(keyIn);

    expect(miss).toMatch(/^[\w-]{22}$/);
    expect([hit, head]).toEqual([miss, miss]);
  });

  it("stands beside the other parameters", () => {
    const { ask } = keyed();
    const key = keyIn(ask());

    expect(said(ask(), "cache-status")).toBe(`caching-route;hit;ttl=60;key="${key}"`);
  });

  it("is a hash, and discloses neither path nor query nor principal", () => {
    const { ask } = keyed({ scope: () => "ann", key: () => "secret-name" });

    const status = said(ask({ target: "/secret?token=x" }), "cache-status");

    expect(status).toContain(";key=");
    expect(status).not.toMatch(/secret|token|ann\b/);
  });

  it("differs under another secret", () => {
    const [a, b, again] = ["s", "t", "s"].map((secret) => keyIn(keyed({}, secret).ask()));

    expect([a === b, a === again]).toEqual([false, true]);
  });

  it("differs between resources and between variants, including those that the handler's Vary makes", () => {
    const { ask } = keyed();
    const vary = { headers: { vary: "accept-language" } };
    const requests: readonly Asked[] = [
      { target: "/a" },
      { target: "/b" },
      { target: "/b", headers: { "accept-language": "fr" } },
    ];

    const misses = requests.map((asked) => keyIn(ask(asked, vary)));
    const hits = requests.map((asked) => keyIn(ask(asked)));

    expect(new Set(misses).size).toBe(3);
    expect(hits).toEqual(misses);
  });

  it("is sent to followers", async () => {
    const { begin, now } = keyed();
    const leader = fillOf(now());
    const follower = begin();

    const miss = answer(leader);
    const { reply, outcome } = serveOf(await follower);

    expect([outcome, keyIn(reply)]).toEqual(["collapsed", keyIn(miss)]);
  });

  it("is sent with a stream, and with a response that is not stored", () => {
    const { now, ask } = keyed();

    const stream = openWith(fillOf(now({ target: "/a" }))).stream();
    const refused = ask({ target: "/b" }, { status: 404 });

    expect([keyIn(stream), keyIn(refused)]).toEqual([
      expect.stringMatching(/^[\w-]{22}$/),
      expect.stringMatching(/^[\w-]{22}$/),
    ]);
  });

  it("is sent with a stored response after its handler's 304", () => {
    const { ask, clock } = keyed({ revalidate: true });
    const miss = ask({}, { headers: { etag: '"a"' } });
    clock.advance(61);

    const revalidated = ask({}, { status: 304, headers: { etag: '"a"' } });

    expect([revalidated.status, keyIn(revalidated)]).toEqual([200, keyIn(miss)]);
  });

  it("is sent where a lookup finds nothing", () => {
    const { now } = keyed({ requestDirectives: true });

    const head = bypassOf(now({ method: "HEAD" }));
    const { reply } = serveOf(now({ headers: { "cache-control": "only-if-cached" } }));

    expect(said(head, "cache-status")).toMatch(/fwd=uri-miss;key="[\w-]{22}";detail=head/);
    expect([reply.status, keyIn(reply)]).toEqual([504, keyIn(head)]);
  });

  it("is absent where no key was made", () => {
    const { now } = keyed();

    const bypasses = [now({ method: "DELETE" }), now({ headers: { cookie: "a=1" } })].map(bypassOf);

    expect(bypasses.map(keyIn)).toEqual([undefined, undefined]);
  });
});

describe("the option cacheStatus", () => {
  it.each<[unknown, string | undefined]>([
    [true, "caching-route;fwd=method;detail=method"],
    [{}, "caching-route;fwd=method;detail=method"],
    [{ key: false }, "caching-route;fwd=method;detail=method"],
    ["edge", "edge;fwd=method;detail=method"],
    [{ name: "edge" }, "edge;fwd=method;detail=method"],
    [false, undefined],
  ])("may be %j", (cacheStatus, expected) => {
    const { now } = kitOf({ cache: { cacheStatus: cacheStatus as string, store: memoryStore() } });

    expect(said(bypassOf(now({ method: "DELETE" })), "cache-status")).toBe(expected);
  });

  it.each([[""], [1], [null], [["edge"]], [{ name: "" }], [{ key: "yes" }], [{ keys: true }]])(
    "may not be %j",
    (cacheStatus) => {
      expect(() => kitOf({ cache: { cacheStatus: cacheStatus as string } })).toThrow(
        expect.objectContaining({
          code: "ERR_CACHE_OPTION_INVALID",
          message: expect.stringContaining("a name, true or false, or { name, key }"),
        }),
      );
    },
  );
});
