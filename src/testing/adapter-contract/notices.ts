import assert from "node:assert/strict";
import { NOTICES } from "../adapter-harness.ts";
import type { Notice } from "../adapter-harness.ts";
import { cached, plain, stream, text } from "./routes.ts";
import type { WatchedRoute } from "./routes.ts";
import { assertNext, hasSeen, restOf, sourceOf } from "./source.ts";
import type { Scenario, Scenarios } from "./stage.ts";

const other = plain("/other", text("other"));

/** The ways in which a handler can notice a disconnect (hazard 46). */
export const notices: Scenarios = {
  ...Object.fromEntries(
    NOTICES.map((way) => [
      `a handler with followers is not told of its client's disconnect by ${way}`,
      isNotTold(way),
    ]),
  ),

  "a handler without readers is told of the disconnect in every way that it would be without a cache": async (
    stage,
  ) => {
    const [source, alone] = [sourceOf(stage, ["one ", "two"]), sourceOf(stage, ["one ", "two"])];
    const route = cached("/a", () => stream(() => source.parts()));
    const uncached = plain("/plain", () => stream(() => alone.parts()));
    const { client } = await stage.site([route, uncached]);
    source.letGo(1);
    alone.letGo(1);
    const readers = [
      await client.open({ path: "/a" }),
      await client.open({ path: "/a" }),
      await client.open({ path: "/plain" }),
    ];
    for (const reader of readers) await assertNext(reader, "one ", "each reader");
    for (const reader of readers) reader.abort();
    const missing = (): readonly Notice[] =>
      noticesOf(uncached).filter((way) => !noticesOf(route).includes(way));
    await stage.until(
      () => uncached.seen[0]?.notices === undefined || noticesOf(uncached).length > 0,
      "the handler without a cache is told",
    );
    await stage.until(
      () => missing().length === 0,
      "the handler of the cached route is told in the same ways",
    );
  },
};

function isNotTold(way: Notice): Scenario {
  return async (stage) => {
    const source = sourceOf(stage, ["one ", "two"]);
    const route = cached("/a", () => stream(() => source.parts()));
    const site = await stage.site([route, other]);
    source.letGo(1);
    const leader = await site.client.open({ path: "/a" });
    await assertNext(leader, "one ", "the leader");
    const follower = await site.client.open({ path: "/a" });
    leader.abort();
    await hasSeen(site, "/other");
    assert.ok(!noticesOf(route).includes(way), "the handler is not told of the disconnect");
    source.finish();
    assert.equal((await restOf(follower)).toString(), "one two", "the follower gets all of it");
  };
}

function noticesOf({ seen }: WatchedRoute): readonly Notice[] {
  return seen[0]?.notices?.() ?? [];
}
