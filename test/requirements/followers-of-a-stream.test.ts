import { describe, expect, it } from "vitest";
import { answer, fillOf, followOf, kitOf, readText, said, serveOf, settle, textOf } from "../support/kit.ts";
import { joined, streaming } from "../support/streams.ts";

describe("a request that comes while a response streams", () => {
  it("gets what has come and what comes, with the leader's head, without a run of the handler", async () => {
    const { kit, stream } = await streaming(
      {},
      { headers: { "content-type": "text/plain", "content-length": "7" } },
    );
    stream.sink?.write("one ");
    const follower = followOf(await joined(kit));

    stream.sink?.write("two");
    stream.sink?.end();

    expect(await readText(follower.content)).toBe("one two");
    expect([
      said(follower, "content-type"),
      said(follower, "content-length"),
      said(follower, "cache-status"),
    ]).toEqual(["text/plain", "7", "caching-route;fwd=uri-miss;collapsed"]);
  });

  it("gets the stored entry once the content has ended", async () => {
    const { kit, stream } = await streaming();
    stream.sink?.write("all");
    stream.sink?.end();

    expect(textOf(serveOf(kit.now()).reply)).toBe("all");
  });

  it("gets its 304 as soon as the head is known", async () => {
    const { kit } = await streaming({}, { headers: { etag: '"v1"' } });

    const decision = serveOf(await joined(kit, { headers: { "if-none-match": '"v1"' } }));

    expect([decision.reply.status, decision.reply.body]).toEqual([304, undefined]);
  });

  it("runs the handler itself where it asks for another variant", async () => {
    const { kit } = await streaming({}, { headers: { vary: "accept-language" } });

    expect((await joined(kit, { headers: { "accept-language": "fr" } })).kind).toBe("fill");
  });

  it("is cut off where the source fails, and nothing is stored", async () => {
    const { kit, stream } = await streaming();
    const broken = new Error("no more");
    const follower = followOf(await joined(kit));
    stream.sink?.write("one");

    stream.sink?.abandon("failed", broken);

    await expect(readText(follower.content)).rejects.toBe(broken);
    expect(kit.now().kind).toBe("fill");
  });

  it("is cut off where the content is shorter than its Content-Length", async () => {
    const { kit, stream } = await streaming({}, { headers: { "content-length": "100" } });
    const follower = followOf(await joined(kit));
    stream.sink?.write("one");

    stream.sink?.end();

    await expect(readText(follower.content)).rejects.toMatchObject({ code: "ERR_CACHE_SOURCE" });
  });

  it("runs the handler itself once the content has grown beyond the budget, while earlier followers read on", async () => {
    const { kit, stream } = await streaming({ route: { maxBodyBytes: 4 } });
    const early = readText(followOf(await joined(kit)).content);
    stream.sink?.write("one ");
    await settle();
    stream.sink?.write("two ");
    await settle();
    const late = await joined(kit);
    stream.sink?.write("three");
    stream.sink?.end();

    expect([late.kind, await early]).toEqual(["fill", "one two three"]);
  });

  it("does not follow a response that is stale by now: the next request leads, and the others follow that", async () => {
    const { kit, stream } = await streaming({ route: { ttl: 1 } });
    kit.clock.advance(2);
    const second = fillOf(await joined(kit));
    const third = joined(kit);
    await settle();

    answer(second, { body: "new" });

    expect(textOf(serveOf(await third).reply)).toBe("new");
    stream.sink?.end();
  });

  it("does not follow a response that was purged by key or by tag, while earlier followers read on", async () => {
    const { kit, stream } = await streaming({ route: { tags: ["news"] } });
    const early = readText(followOf(await joined(kit)).content);
    stream.sink?.write("old");

    await kit.cache.invalidate({ tag: "news" });
    const late = await joined(kit);
    stream.sink?.end();

    expect([late.kind, await early]).toEqual(["fill", "old"]);
    answer(fillOf(late), { body: "new" });
    expect(textOf(serveOf(kit.now()).reply)).toBe("new");
  });
});

describe("a leader whose client disconnects", () => {
  it("goes on for its followers before the head", async () => {
    const kit = kitOf();
    const fill = fillOf(kit.now());
    const follower = joined(kit);

    const goesOn = fill.leave();
    answer(fill, { body: "made" });

    expect([goesOn, textOf(serveOf(await follower).reply)]).toEqual([true, "made"]);
  });

  it("is abandoned before the head where nobody waits", () => {
    const kit = kitOf();
    const fill = fillOf(kit.now());

    expect([fill.leave(), kit.now().kind]).toEqual([false, "fill"]);
  });

  it("is given up where its handler falls silent, for later requests, too", async () => {
    const kit = kitOf({ route: { maxWait: 1 } });
    const fill = fillOf(kit.now());
    const follower = joined(kit);
    fill.leave();
    kit.clock.advance(1);
    const second = fillOf(await follower);
    const third = joined(kit);

    answer(second, { body: "second" });
    answer(fill, { body: "first" });

    expect([textOf(serveOf(await third).reply), textOf(serveOf(kit.now()).reply)]).toEqual([
      "second",
      "second",
    ]);
  });

  it("hands over to a follower where its handler then fails", async () => {
    const kit = kitOf();
    const fill = fillOf(kit.now());
    const followers = [joined(kit), joined(kit)];
    fill.leave();

    fill.abandon("failed");
    answer(fillOf(await followers[0]!), { body: "second" });

    expect(textOf(serveOf(await followers[1]!).reply)).toBe("second");
  });

  it("goes on for its followers midway", async () => {
    const { kit, stream, stopped } = await streaming();
    stream.sink?.write("one ");
    const follower = followOf(await joined(kit));

    const goesOn = stream.sink?.leave();
    stream.sink?.write("two");
    stream.sink?.end();

    expect([goesOn, await readText(follower.content), stopped()]).toEqual([true, "one two", 0]);
    expect(kit.now().kind).toBe("serve");
  });

  it("stops its source midway where nobody follows", async () => {
    const { kit, stream, stopped } = await streaming();
    stream.sink?.write("one ");

    expect([stream.sink?.leave(), stopped(), kit.now().kind]).toEqual([false, 1, "fill"]);
  });
});
