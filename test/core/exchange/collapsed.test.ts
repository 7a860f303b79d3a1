import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/adapter.ts";
import { answer, fillOf, followOf, kitOf, openWith, said, serveOf, textOf } from "../../support/kit.ts";
import type { Asked } from "../../support/kit.ts";
import { stale } from "../../support/staged.ts";

describe("a request that waited for a run", () => {
  it("is served its response, of which Cache-Status says collapsed", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now());
    const follower = Promise.resolve(kit.begin());

    answer(leader, { body: "made" });

    const { outcome, reply } = serveOf(await follower);
    expect([outcome, textOf(reply)]).toEqual(["collapsed", "made"]);
    expect(said(reply, "cache-status")).toBe("caching-route;fwd=uri-miss;collapsed");
  });

  it("runs the handler where the response is another variant", async () => {
    const kit = kitOf();
    const leader = fillOf(kit.now({ headers: { "accept-language": "en" } }));
    const follower = Promise.resolve(kit.begin({ headers: { "accept-language": "fr" } }));

    answer(leader, { headers: { vary: "accept-language" } });

    expect((await follower).kind).toBe("fill");
  });

  it("runs the handler where the response does not satisfy it", async () => {
    const kit = kitOf({ route: { requestDirectives: true } });
    const leader = fillOf(kit.now());
    const follower = Promise.resolve(kit.begin({ headers: { "cache-control": "min-fresh=100" } }));

    answer(leader, { headers: { "cache-control": "max-age=60" } });

    expect((await follower).kind).toBe("fill");
  });

  it("runs the handler where the response was purged by a tag meanwhile", async () => {
    const kit = kitOf({ route: { tags: ["t"] } });
    const leader = openWith(fillOf(kit.now()));
    const { sink } = leader.stream();
    await kit.cache.invalidate({ tag: "t" });

    const follower = await kit.begin();
    sink?.end();

    expect(follower.kind).toBe("fill");
  });
});

describe("a request that waited for the run that was started for it", () => {
  it("is served the response as a miss, and not as collapsed", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    const waiting = Promise.resolve(kit.begin(kit.asked));

    answer(kit.fills[0]!, { body: "new" });

    const { outcome, reply } = serveOf(await waiting);
    expect([outcome, textOf(reply)]).toEqual(["miss", "new"]);
    expect(said(reply, "cache-status")).toBe("caching-route;fwd=stale;stored");
  });

  it("follows its content as a miss, too", async () => {
    const kit = stale({ staleIfError: 30 }, 70);
    const waiting = Promise.resolve(kit.begin(kit.asked));

    const { sink } = openWith(kit.fills[0]!).stream();
    sink?.write("new");

    const follow = followOf(await waiting);
    expect([follow.outcome, said(follow, "cache-status")]).toEqual(["miss", "caching-route;fwd=stale"]);
    expect(kit.cache.stats().outcomes).toMatchObject({ miss: 2, collapsed: 0 });
  });
});

describe("a content that is still coming", () => {
  async function joining(asked: Asked = {}): Promise<Decision> {
    const kit = kitOf();
    const said = { headers: { etag: '"a"', "content-length": "6" } };
    openWith(fillOf(kit.now()), said).stream().sink?.write("rep");
    return kit.begin(asked);
  }

  it("is followed with the length that the handler said", async () => {
    const { status, ...follow } = followOf(await joining());

    expect([status, said(follow, "content-length"), said(follow, "etag")]).toEqual([200, "6", '"a"']);
  });

  it("is not sent to a client that has it already", async () => {
    const { reply } = serveOf(await joining({ headers: { "if-none-match": '"a"' } }));

    expect([reply.status, reply.body]).toEqual([304, undefined]);
  });

  it("is sent whole to a client that asks for a range", async () => {
    expect(followOf(await joining({ headers: { range: "bytes=0-1" } })).status).toBe(200);
  });
});
